import assert from "node:assert/strict";
import { runScript } from "../tests/processes.ts";
import { FlagError, wholeNumber } from "./flags.ts";
import { benches, main } from "./main.ts";
import { needsProcesses } from "../testing/needs_processes.ts";

Deno.test("wholeNumber refuses any other text and names the flag and the value", () => {
  assert.equal(wholeNumber("rounds", "12"), 12);
  assert.equal(wholeNumber("seed", "0", 0), 0);
  for (const text of ["", "0", "-1", "1.5", "1e3", "many"]) {
    assert.throws(() => wholeNumber("rounds", text), (error: unknown) => {
      assert(error instanceof FlagError);
      assert.equal(
        error.message,
        `--rounds: not a whole number from 1 on: ${text}`,
      );
      return true;
    });
  }
});

/** Runs a bench in this process: its output and its exit status. */
async function printed(...args: string[]) {
  const lines = { log: [] as string[], error: [] as string[] };
  using _log = stub("log", (text) => lines.log.push(text));
  using _error = stub("error", (text) => lines.error.push(text));
  return { status: await main(args), ...lines };
}

function stub(name: "log" | "error", say: (text: string) => void): Disposable {
  const real = console[name];
  console[name] = (text: unknown) => say(String(text));
  return { [Symbol.dispose]: () => void (console[name] = real) };
}

for (const name of Object.keys(benches)) {
  Deno.test(`bench ${name} prints help; an unknown flag gives one line and status 2`, async () => {
    const help = await printed(name, "--help");
    assert.deepEqual([help.status, help.error], [0, []]);
    assert.match(
      help.log.join("\n"),
      new RegExp(`^Usage: deno task bench ${name} `),
    );
    const wrong = await printed(name, "--wrong");
    assert.deepEqual([wrong.status, wrong.log], [2, []]);
    const [line = "", ...more] = wrong.error.join("\n").split("\n");
    assert.match(line, /Unknown option '--wrong'/);
    assert.deepEqual(more, []);
  });
}

Deno.test("bench: a name that no bench has is refused, and the parser's words are one line", async () => {
  // Each object has this one.
  const unknown = await printed("toString");
  assert.equal(unknown.status, 2);
  assert.match(unknown.error.join("\n"), /^error: no such bench: toString\n/);
  const { status, error } = await printed("swarm", "--volunteers", "-5");
  assert.equal(status, 2);
  assert.match(error.join("\n"), /^error: Option '--volunteers' [^\n]*--help/);
});

Deno.test(
  "bench: run as by its task, it lists all benches and exits with a bench's status",
  needsProcesses,
  async () => {
    const list = runScript("bench/main.ts", ["--help"]);
    assert.equal((await list.ended).code, 0, list.output());
    const names = [...list.stdout().matchAll(/^ {2}(\w+) /gm)]
      .map(([, name = ""]) => name);
    assert.deepEqual(names, Object.keys(benches));
    const wrong = runScript("bench/main.ts", ["swarm", "--wrong"]);
    assert.equal((await wrong.ended).code, 2, wrong.output());
    assert.equal(wrong.output().trim().split("\n").length, 1, wrong.output());
    assert.match(wrong.output(), /Unknown option '--wrong'/);
  },
);
