import assert from "node:assert/strict";
import { printed } from "../../tests/processes.ts";
import { needsProcesses } from "../../testing/needs_processes.ts";

const script = `
import os from "node:os";
import { lowerPriority } from "./coordinator/threads/thread_host.ts";
lowerPriority();
console.log(os.getPriority());
`;

/**
 * The niceness of a thread that lowered its priority, in a separate process.
 */
const steppedBack = async (flags: readonly string[]) =>
  Number(await printed(script, flags));

Deno.test({
  name:
    "lowerPriority: lowers the priority if permitted and does nothing otherwise",
  ignore: needsProcesses.ignore || Deno.build.os !== "linux",
  async fn() {
    const [may, mayNot] = await Promise.all([
      steppedBack(["--allow-sys=setPriority,getPriority"]),
      steppedBack(["--allow-sys=getPriority"]),
    ]);
    assert.equal(may, mayNot + 5);
  },
});
