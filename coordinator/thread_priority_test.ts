import assert from "node:assert/strict";

const script = `
import os from "node:os";
import { stepBack } from "./coordinator/thread_priority.ts";
stepBack();
console.log(os.getPriority());
`;

/** The niceness of a thread that stepped back, in a process of its own. */
async function steppedBack(flags: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, "-"],
    cwd: new URL("../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(script));
  await input.close();
  return Number(new TextDecoder().decode((await child.output()).stdout));
}

Deno.test({
  name: "stepBack: later than others, where it may, and nothing else if not",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const [may, mayNot] = await Promise.all([
      steppedBack(["--allow-sys=setPriority,getPriority"]),
      steppedBack(["--allow-sys=getPriority"]),
    ]);
    assert.equal(may, mayNot + 5);
  },
});
