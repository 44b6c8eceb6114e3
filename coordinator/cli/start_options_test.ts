import assert from "node:assert/strict";
import { resolve } from "node:path";
import { parseStartOptions } from "./options.ts";

Deno.test("parseStartOptions gives the documented defaults", () => {
  assert.deepEqual(parseStartOptions([], 8), {
    study: "seed",
    workers: 8,
    backend: "auto",
    host: "127.0.0.1",
    port: 8000,
    db: resolve("swarm.db"),
    leaseSeconds: 60,
    drainSeconds: 0,
    newSecrets: false,
    log: "text",
    trustWorkers: false,
    exit: false,
    json: false,
  });
});

Deno.test("parseStartOptions reads numbers and points", () => {
  const options = parseStartOptions(
    ["--points", "0.2,0.5;0.5,0.2", "--replicates", "5", "--workers", "0"],
    2,
  );
  assert.deepEqual(options.points, [
    { dropout1: 0.2, dropout2: 0.5 },
    { dropout1: 0.5, dropout2: 0.2 },
  ]);
  assert.equal(options.replicates, 5);
  assert.equal(options.workers, 0);
});

Deno.test("parseStartOptions takes environment variables, flags first", () => {
  Deno.env.set("SWARM_EPOCHS", "4");
  try {
    assert.equal(parseStartOptions([], 1).epochs, 4);
    assert.equal(parseStartOptions(["--epochs", "2"], 1).epochs, 2);
  } finally {
    Deno.env.delete("SWARM_EPOCHS");
  }
});

Deno.test("parseStartOptions reads who may join and whom to believe", () => {
  assert.equal(parseStartOptions(["--join-code"], 1).joinCode, true);
  assert.equal(
    parseStartOptions(["--join-code", "class-of-26"], 1).joinCode,
    "class-of-26",
  );
  assert.deepEqual(
    parseStartOptions(["--trust-proxy", "10.0.0.0/8, loopback"], 1).trustProxy,
    ["10.0.0.0/8", "loopback"],
  );
  const url = "https://example.org/swarm/";
  assert.equal(
    parseStartOptions(["--public-url", url], 1).publicUrl,
    "https://example.org/swarm",
  );
});
