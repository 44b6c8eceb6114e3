import assert from "node:assert/strict";
import { defects } from "./defects.ts";
import { noNetworkFaults, noStorageFaults } from "./faults.ts";
import { failureText } from "./report.ts";
import {
  simulate,
  type SimulationOptions,
  type SimulationReport,
} from "./simulate.ts";

/** Worlds to simulate; `SWARM_SIMULATIONS=5000` for a long look. */
const WORLDS = Number(Deno.env.get("SWARM_SIMULATIONS") || 110);

async function holds(options: SimulationOptions): Promise<SimulationReport> {
  const report = await simulate(options);
  assert.deepEqual(report.complaints, [], failureText(report));
  return report;
}

Deno.test("simulate: nothing accepted is lost and every study ends, in memory", async () => {
  const trouble = { crashes: 0, lost: 0, repeated: 0, refused: 0, late: 0 };
  for (let seed = 1; seed <= WORLDS; seed++) {
    const report = await holds({ seed, storage: "memory" });
    trouble.crashes += report.crashes;
    trouble.lost += report.network.requestsLost + report.network.repliesLost;
    trouble.repeated += report.network.repeated;
    trouble.refused += report.refusals;
    trouble.late += report.late;
  }
  // Worlds without trouble would prove nothing.
  for (const [name, count] of Object.entries(trouble)) {
    assert.ok(count > WORLDS / 10, `${name}: ${count}`);
  }
});

Deno.test("simulate: SQLite does, seed for seed, what memory does", async () => {
  for (let seed = 1; seed <= Math.ceil(WORLDS / 20); seed++) {
    const { storage, ...onDisk } = await holds({ seed, storage: "sqlite" });
    const inMemory = await holds({ seed, storage: "memory" });
    assert.deepEqual({ ...onDisk, storage: inMemory.storage }, inMemory);
    assert.equal(storage, "sqlite");
  }
});

/** A small quiet world, with one disturbance that a test adds. */
const quiet: SimulationOptions = {
  seed: 7,
  storage: "memory",
  volunteers: 1,
  liars: 0,
  study: { rates: [0.5], replicates: 2, epochs: 1 },
  faults: {
    end: 0,
    network: noNetworkFaults,
    storage: noStorageFaults,
    trainerDies: 0,
    trainerHangs: 0,
    misfortune: Infinity,
    clockLeaps: Infinity,
  },
};

Deno.test("simulate: the coordinator may crash before or after any one operation", async () => {
  const { operations } = await holds(quiet);
  const tried = { operations: 0, crashes: 0 };
  for (const crash of ["crash-before", "crash-after"] as const) {
    for (let at = 1; at <= operations; at++) {
      const { crashes } = await holds({
        ...quiet,
        fate: (operation) => operation === at ? crash : "done",
      });
      tried.operations++;
      tried.crashes += crashes;
    }
  }
  assert.ok(operations > 30, `${operations} operations`);
  assert.equal(tried.crashes, tried.operations);
});

for (const [what, { spoil, complaint }] of Object.entries(defects)) {
  Deno.test(`simulate: finds a storage that ${what}`, async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { complaints } = await simulate({
        seed,
        storage: "memory",
        spoil,
      });
      if (complaints.length === 0) continue;
      assert.match(complaints.join("\n"), complaint);
      return;
    }
    assert.fail("50 worlds did not show it");
  });
}
