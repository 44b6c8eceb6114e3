import assert from "node:assert/strict";
import { type RunningCommand, runScript } from "../processes.ts";

/** Addresses that cannot work are refused with the reason, before anything. */

async function refused(run: RunningCommand, line: RegExp): Promise<void> {
  assert.equal((await run.ended).code, 1, run.output());
  assert.match(run.output(), line);
  assert.equal(run.output().trim().split("\n").length, 1, run.output());
}

// jupyter-server-proxy serves a program's port under /proxy/8000/.
Deno.test("join refuses an address with a path that no page has", () =>
  refused(
    runScript("worker/main_deno.ts", ["https://hub.test/user/ada/proxy/8000/"]),
    /answers at the root of its address, not under a path: \/user\/ada\/proxy\/8000\/\. Give a host and a port: https:\/\/hub\.test/,
  ));

Deno.test("start refuses a public address with a path", () =>
  refused(
    runScript("coordinator/main.ts", [
      ...["--public-url", "https://example.test/swarm/"],
    ]),
    /need a host or a port of their own, without a path behind it: https:\/\/example\.test/,
  ));
