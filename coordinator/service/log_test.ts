import assert from "node:assert/strict";
import { createLog, createTextLog } from "./log.ts";

Deno.test("createLog: one line per message with any text of a volunteer", () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), () => 0);
  log("info", "worker registered", { name: 'x"\n{"level":"error"}', n: 2 });
  assert.deepEqual(lines, [
    '{"time":"1970-01-01T00:00:00.000Z","level":"info",' +
    '"message":"worker registered",' +
    '"name":"x\\"\\n{\\"level\\":\\"error\\"}","n":2}',
  ]);
});

Deno.test("createLog and createTextLog: escape C1 controls and bidirectional marks", () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const name = "a\u009b2J\u007f\u202Etxt\u2066b\u200f\u2028";
  createLog(write, () => 0)("info", "hello", { name });
  createTextLog(write, "info")("info", "hello", { name });
  for (const line of lines) {
    assert.match(line, /^[\x20-\x7e]+$/);
    assert.ok(line.includes("a\\u009b2J\\u007f\\u202etxt\\u2066b"), line);
  }
  // Parsing it gives the original value.
  assert.equal(JSON.parse(lines[0] ?? "").name, name);
});

Deno.test("createLog: leaves out messages below its level", () => {
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

Deno.test("createTextLog: one line for people, with volunteers' texts quoted", () => {
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
