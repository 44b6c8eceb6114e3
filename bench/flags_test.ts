import assert from "node:assert/strict";
import { runScript } from "../tests/processes.ts";
import { FlagError, wholeNumber } from "./flags.ts";
import { needsProcesses } from "../testing/needs_processes.ts";

Deno.test("wholeNumber refuses what is none, naming the flag and the value", () => {
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

Deno.test(
  "bench: each has --help, and an unknown flag is one line and status 2",
  needsProcesses,
  async () => {
    const list = runScript("bench/main.ts", ["--help"]);
    assert.equal((await list.ended).code, 0);
    const names = [...list.stdout().matchAll(/^ {2}(\w+) /gm)]
      .map(([, name = ""]) => name);
    assert.ok(names.length >= 8, list.stdout());
    for (const name of names) {
      const help = runScript("bench/main.ts", [name, "--help"]);
      assert.equal((await help.ended).code, 0, help.output());
      assert.match(
        help.stdout(),
        new RegExp(`^Usage: deno task bench ${name} `),
      );
      const wrong = runScript("bench/main.ts", [name, "--wrong"]);
      assert.equal((await wrong.ended).code, 2, wrong.output());
      assert.equal(wrong.output().trim().split("\n").length, 1, wrong.output());
      assert.match(wrong.output(), /Unknown option '--wrong'/);
    }
  },
);
