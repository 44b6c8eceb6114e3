import assert from "node:assert/strict";
import { parseStartOptions } from "../../coordinator/cli/options.ts";
import { parseJoinOptions } from "../../worker/cli/join_options.ts";
import { runScript } from "../processes.ts";

/** The environment as people have it: empty, in words, misspelt. */

type Environment = Readonly<Record<string, string>>;

const start = (variables: Environment, ...args: string[]) =>
  parseStartOptions(args, 2, (name) => variables[name], () => {});

const warnings = (variables: Environment) => {
  const lines: string[] = [];
  parseStartOptions([], 2, (name) => variables[name], (line) => {
    lines.push(line);
  });
  return lines;
};

const switches = {
  SWARM_TRUST_WORKERS: "trustWorkers",
  SWARM_NEW_SECRETS: "newSecrets",
  SWARM_EXIT: "exit",
  SWARM_JSON: "json",
} as const;

Deno.test("parseStartOptions reads a switch's variable by its value", () => {
  for (const [variable, option] of Object.entries(switches)) {
    for (const off of ["false", "0", "no", "off", "FALSE", "Off", " no "]) {
      assert.equal(start({ [variable]: off })[option], false, off);
    }
    for (const on of ["true", "1", "yes", "on", "TRUE", "Yes"]) {
      assert.equal(start({ [variable]: on })[option], true, on);
    }
  }
});

Deno.test("parseStartOptions takes an empty variable as one that is not set", () => {
  const names = [
    ...["STUDY", "POINTS", "REPLICATES", "EPOCHS", "WORKERS", "BACKEND"],
    ...["HOST", "PORT", "DB", "DATA", "LEASE_SECONDS", "JOIN_CODE"],
    ...["TRUST_PROXY", "DRAIN_SECONDS", "NEW_SECRETS", "LOG"],
    ...["TRUST_WORKERS", "EXIT", "JSON"],
  ].map((name) => `SWARM_${name}`);
  for (const empty of ["", "  ", "\r"]) {
    const all = Object.fromEntries(names.map((name) => [name, empty]));
    assert.deepEqual(start(all), start({}));
  }
});

// Docker Compose passes on a variable that nobody set as an empty text.
Deno.test("parseStartOptions reads the process's variables by their value", () => {
  const environment = { SWARM_TRUST_WORKERS: "", SWARM_PORT: "" };
  try {
    for (const [name, value] of Object.entries(environment)) {
      Deno.env.set(name, value);
    }
    Deno.env.set("SWARM_NEW_SECRETS", "0");
    assert.deepEqual(parseStartOptions([], 2), start({}));
  } finally {
    for (const name of [...Object.keys(environment), "SWARM_NEW_SECRETS"]) {
      Deno.env.delete(name);
    }
  }
});

Deno.test("parseStartOptions takes flags before variables", () => {
  assert.equal(start({ SWARM_EPOCHS: "4" }, "--epochs", "2").epochs, 2);
  assert.equal(start({ SWARM_EXIT: "off" }, "--exit").exit, true);
  // What a flag replaces does not have to be right.
  assert.equal(start({ SWARM_EPOCHS: "many" }, "--epochs", "2").epochs, 2);
});

Deno.test("parseStartOptions: a join code's variable may be on, off or a code", () => {
  const code = (SWARM_JOIN_CODE: string) => start({ SWARM_JOIN_CODE }).joinCode;
  assert.equal(code("true"), true);
  assert.equal(code("no"), undefined);
  assert.equal(code("class-of-26"), "class-of-26");
});

Deno.test("parseJoinOptions reads its variables in the same way", () => {
  const join = (variables: Environment, ...args: string[]) =>
    parseJoinOptions(args, 2, (name) => variables[name], () => {});
  const empty = Object.fromEntries(
    ["URL", "THREADS", "BACKEND", "NAME", "JOIN_CODE", "EXIT"]
      .map((name) => [`SWARM_${name}`, ""]),
  );
  assert.deepEqual(join(empty, "192.0.2.7"), join({}, "192.0.2.7"));
  assert.equal(join({ SWARM_EXIT: "False" }, "192.0.2.7").exit, false);
  assert.equal(join({ SWARM_URL: "192.0.2.7\r" }).url, "http://192.0.2.7");
});

Deno.test("parseStartOptions names the variable that a misspelt one was meant to be", () => {
  for (
    const [wrong, right] of [
      ["SWARM_TRUST_WORKER", "SWARM_TRUST_WORKERS"],
      ["SWARM_TRUSTWORKERS", "SWARM_TRUST_WORKERS"],
      ["SWARM_PROT", "SWARM_PORT"],
      ["SWARM_STUDI", "SWARM_STUDY"],
      ["SWARM_REPLICATESS", "SWARM_REPLICATES"],
      ["SWARM_CACHES", "SWARM_CACHE"],
    ] as const
  ) {
    assert.deepEqual(warnings({ [wrong]: "1" }), [
      `warning: ${wrong} has no effect; did you mean ${right}?`,
    ]);
    assert.deepEqual(warnings({ [wrong]: "" }), []);
  }
});

Deno.test("parseStartOptions warns of no variable that another command reads", () => {
  const others = {
    SWARM_URL: "192.0.2.7",
    SWARM_NAME: "a",
    SWARM_THREADS: "1",
    SWARM_SIMULATIONS: "1",
  };
  assert.deepEqual(warnings(others), []);
});

Deno.test("start and join refuse a switch's unknown word in one line", async () => {
  for (
    const [script, variable] of [
      ["coordinator/main.ts", "SWARM_TRUST_WORKERS"],
      ["worker/main_deno.ts", "SWARM_EXIT"],
    ] as const
  ) {
    // Starts nothing if the word is taken.
    const run = runScript(script, ["--help"], { env: { [variable]: "maybe" } });
    assert.equal((await run.ended).code, 1, script);
    assert.equal(
      run.output(),
      `error: ${variable} is invalid: "maybe". ` +
        "Give true, yes, on, 1, or false, no, off, 0.\n",
    );
  }
});

Deno.test("start warns of a misspelt variable with its task's permissions", async () => {
  const run = runScript("coordinator/main.ts", ["--study", "none.json"], {
    env: { SWARM_TRUST_WORKER: "1", SWARM_CACHE: "" },
  });
  assert.notEqual((await run.ended).code, 0);
  const [warning, error] = run.output().trim().split("\n");
  assert.match(warning ?? "", /SWARM_TRUST_WORKER has no effect/);
  assert.match(error ?? "", /^error: --study none\.json: /);
});
