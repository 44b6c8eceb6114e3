import { fileURLToPath } from "node:url";
import { lockFlags } from "../processes.ts";

/** The script for a browser that a module and its imports make. */
export async function bundle(module: URL): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", ...lockFlags],
      ...["--platform", "browser", fileURLToPath(module)],
    ],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  const why = new TextDecoder().decode(stderr);
  throw new Error(`a script does not bundle: ${module.pathname}: ${why}`);
}
