import assert from "node:assert/strict";
import { createLog, createTextLog } from "./log.ts";

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

Deno.test("createTextLog: one line for people, a volunteer's words in quotes", () => {
  const lines: string[] = [];
  const log = createTextLog((line) => lines.push(line), "warn");
  log("info", "worker registered", { name: "Ada" });
  log("warn", "refused", {
    reason: "too-many-requests:address",
    address: "192.0.2.1",
    name: "x\nerror: y \u001b[2J",
    untold: 3,
  });
  assert.deepEqual(lines, [
    "warn: refused reason=too-many-requests:address address=192.0.2.1 " +
    'name="x\\nerror: y \\u001b[2J" untold=3',
  ]);
});
