import assert from "node:assert/strict";
import { createLog } from "./log.ts";

Deno.test("createLog: one line a message, whatever a volunteer wrote", () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), () => 0);
  log("info", "worker registered", { name: 'x"\n{"level":"error"}', n: 2 });
  assert.deepEqual(lines, [
    '{"time":"1970-01-01T00:00:00.000Z","level":"info",' +
    '"message":"worker registered",' +
    '"name":"x\\"\\n{\\"level\\":\\"error\\"}","n":2}',
  ]);
});

Deno.test("createLog: leaves out what is below its level", () => {
  const told = (lowest?: "debug" | "error") => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), () => 0, lowest);
    log("debug", "a");
    log("info", "b");
    log("error", "c");
    return lines.length;
  };
  assert.deepEqual([told("debug"), told(), told("error")], [3, 2, 1]);
});
