import assert from "node:assert/strict";
import { findCeiling } from "./swarm/ceiling.ts";
import { hold } from "./swarm/hold.ts";
import { balances } from "./swarm/ledger.ts";
import { needsProcesses } from "../testing/needs_processes.ts";

/** The bench itself: real processes, few volunteers, a few seconds. */

Deno.test(
  "hold: the coordinator's file has exactly what volunteers were told",
  needsProcesses,
  async () => {
    const held = await hold({
      volunteers: 50,
      minutes: 0.05,
      pace: { shortest: 0.3, longest: 1.2 },
      epochs: 3,
      threads: 2,
      pages: 1,
      joinPerSecond: 100,
      outageSeconds: 0.2,
      say: () => {},
    });
    const { ledger, seen, storm } = held;
    assert.ok(balances(ledger), JSON.stringify(ledger));
    assert.ok(ledger.results > 50, `${ledger.results} results`);
    assert.equal(ledger.expired, 0);
    assert.equal(ledger.failed, 0);
    assert.deepEqual(held.stopped, []);
    assert.deepEqual(seen.refused, {});
    assert.equal(seen.unreachable, 0);
    assert.equal(held.fewestOnline, 50);
    // Each epoch is reported once, alone or with others; results may be pending.
    const { report, complete } = seen.calls;
    assert.ok(report.count > 0 && report.count <= 3 * (complete.count + 50));
    assert.ok(complete.count > 0 && complete.count <= ledger.results);
    assert.equal(storm?.back, 50);
    assert.ok(storm.seen.unreachable > 0, "no call failed during the restart");
  },
);

Deno.test(
  "findCeiling: every cycle is an accepted result",
  needsProcesses,
  async () => {
    const { kind, coordinators, rates, ledger } = await findCeiling({
      workers: 10,
      threads: 2,
      from: 20,
      growth: 1.5,
      seconds: 1,
      rates: 2,
      limit: 10_000,
      say: () => {},
    });
    assert.ok(balances(ledger), JSON.stringify(ledger));
    assert.equal(ledger.untold, 0);
    // The first rate runs once more at the start, to warm up.
    assert.equal(ledger.results, 20 + 20 + 30);
    assert.deepEqual(ledger.attempts, { completed: 70 });
    assert.deepEqual([kind, coordinators], ["SQLite", 1]);
    assert.deepEqual(rates.map(({ refused, none }) => refused + none), [0, 0]);
  },
);
