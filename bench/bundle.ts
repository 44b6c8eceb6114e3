import { fileURLToPath } from "node:url";

/** The script for a browser that a module and its imports make. */
export async function bundle(module: URL): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--lock=deno.lock", "--frozen"],
      ...["--platform", "browser", fileURLToPath(module)],
    ],
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  const why = new TextDecoder().decode(stderr);
  throw new Error(
    `bench: a script does not bundle: ${module.pathname}: ${why}`,
  );
}
