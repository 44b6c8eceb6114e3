/**
 * What a line of `sh` prints; null where there is none, or it fails. The files
 * of /proc are read this way: Deno gives them only to programs with every
 * permission, which no task of this project has.
 */
export async function shell(line: string): Promise<string | null> {
  if (Deno.build.os === "windows") return null;
  const { success, stdout } = await new Deno.Command("sh", {
    args: ["-c", line],
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : null;
}
