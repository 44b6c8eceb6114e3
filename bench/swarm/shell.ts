/**
 * The output of a line of `sh`; null if there is no shell, or it fails. /proc is
 * read this way because Deno allows it only with all permissions, which no task
 * of this project has.
 */
export async function shell(line: string): Promise<string | null> {
  if (Deno.build.os === "windows") return null;
  const { success, stdout } = await new Deno.Command("sh", {
    args: ["-c", line],
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : null;
}
