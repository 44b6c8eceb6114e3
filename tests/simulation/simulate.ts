import { createChance } from "./chance.ts";
import { memoryDisk, sqliteDisk } from "./disks.ts";
import { drawFaults, type Faults } from "./faults.ts";
import { createHost, type HostOptions } from "./host.ts";
import { liar } from "./liar.ts";
import { createNetwork, type NetworkCounts } from "./network.ts";
import { manifest, smallStudy } from "../../testing/lease/fixtures.ts";
import { defaultTerms } from "../../coordinator/lease/policy.ts";
import type { TrialRecord } from "../../coordinator/lease/trial.ts";
import { turn, VirtualTime } from "./virtual_time.ts";
import { honestVolunteer, STEPS, type World } from "./volunteers.ts";
import { Witness } from "./witness.ts";

/** What a world is made from; the same, and the same happens in it. */
export interface SimulationOptions {
  readonly seed: number;
  readonly storage: "memory" | "sqlite";
  /** In place of what the seed draws. */
  readonly faults?: Partial<Faults>;
  readonly fate?: HostOptions["fate"];
  readonly spoil?: HostOptions["spoil"];
  /** In place of what the seed draws. */
  readonly volunteers?: number;
  readonly liars?: number;
  readonly study?: Parameters<typeof smallStudy>[0];
  /** Told everything that happens. */
  readonly onTrace?: (line: string) => void;
}

/** What happened in a world. */
export interface SimulationReport {
  readonly seed: number;
  readonly storage: SimulationOptions["storage"];
  /** Empty: all was as it must be. */
  readonly complaints: readonly string[];
  /** What happened last, the last last. */
  readonly trace: readonly string[];
  /** Of all that happened: the same for the same seed. */
  readonly fingerprint: number;
  readonly steps: number;
  readonly virtualSeconds: number;
  readonly crashes: number;
  readonly operations: number;
  readonly refusals: number;
  readonly network: Readonly<NetworkCounts>;
  readonly promises: number;
  readonly states: Readonly<Record<TrialRecord["state"], number>>;
  /** Of all trials. */
  readonly attempts: number;
  readonly superseded: number;
  /** Accepted after the lease had ended. */
  readonly late: number;
}

/** Milliseconds that the study may take once nothing goes wrong any more. */
const PATIENCE = 4 * 3_600_000;
/**
 * Milliseconds within which a lease that is due ends, if all is well. After a
 * trouble the coordinator waits for a shortest lease's time, and where the last
 * one came upon it waiting, for another.
 */
const SOON = 2 * defaultTerms.minTtl * 1000;
/** Milliseconds that liars and late messages have once everybody is done. */
const AFTERMATH = 120_000;
/** Lines of the trace that a report keeps. */
const KEPT = 60;
/** Turns of the event loop in which nothing ends: something is stuck. */
const MOST_TURNS = 10_000;

/**
 * Simulates a swarm from its first volunteer until its study is complete and
 * everybody has left, with faults from the seed for as long as they last.
 */
export async function simulate(
  options: SimulationOptions,
): Promise<SimulationReport> {
  const { seed, storage } = options;
  const chance = createChance(seed);
  const faults = { ...drawFaults(chance.fork()), ...options.faults };
  const time = new VirtualTime();
  const disk = storage === "memory" ? memoryDisk() : sqliteDisk();
  const trace: string[] = [];
  let fingerprint = 0;
  const tell = (text: string) => {
    const line = `${(time.now / 1000).toFixed(3).padStart(9)} s  ${text}`;
    options.onTrace?.(line);
    trace.push(line);
    if (trace.length > 2 * KEPT) trace.splice(0, KEPT);
    for (let i = 0; i < line.length; i++) {
      fingerprint = Math.imul(fingerprint ^ line.charCodeAt(i), 0x01000193);
    }
  };

  const study = smallStudy({
    rates: [0.2, 0.5, 0.8].slice(chance.below(3)),
    replicates: chance.below(5) + 1,
    epochs: chance.below(5) + 1,
    ...options.study,
  });
  const witness = new Witness(study.trials.map(({ trialId }) => trialId));
  const host = createHost({
    time,
    chance: chance.fork(),
    faults,
    disk,
    // In every other world a handful of workers is a crowd, to be paced.
    callsPerSecond: seed % 2 === 0 ? defaultTerms.callsPerSecond : 0.2,
    study: { ...study, dataset: manifest, trainExamples: STEPS * 256 },
    ...options.fate === undefined ? {} : { fate: options.fate },
    ...options.spoil === undefined ? {} : { spoil: options.spoil },
  });
  const network = createNetwork(time, chance.fork(), faults, async (letter) => {
    const { pathname } = new URL(letter.url);
    const response = await host.deliver(letter);
    tell(`${letter.method} ${pathname}: ${response?.status ?? "no answer"}`);
    return response;
  });
  const world: World = {
    time,
    faults,
    network,
    witness,
    trace: tell,
    leases: [],
  };
  const people = chance.fork();
  const drawn = people.below(4) + 1;
  const volunteers = Array.from(
    { length: options.volunteers ?? drawn },
    (_, n) => honestVolunteer(world, people.fork(), `volunteer ${n}`),
  );
  const liars = options.liars ?? people.below(3);
  for (let n = 0; n < liars; n++) {
    // One can hoard for ever: then each of its trials needs a speculative attempt.
    const hoards = n === 0 && people.happens(0.5);
    liar(world, people.fork(), hoards ? "hoarder" : `liar ${n}`, hoards);
  }
  // Somebody on whom nothing has ever failed comes when all is well again.
  time.after(faults.end, () => {
    volunteers.push(honestVolunteer(world, people.fork(), "newcomer"));
  });

  let steps = 0;
  let crashes = 0;
  let doneAt = 0;
  const end = faults.end + PATIENCE;
  try {
    for (; witness.complaints.length === 0; steps++) {
      let turns = 0;
      do {
        if (turns++ > MOST_TURNS) throw new Error(`seed ${seed} is stuck`);
        await turn();
      } while (host.busy());
      const stored = host.stored();
      if (stored !== null) {
        const touched = host.touched();
        if (touched.size > 0) await witness.look(stored, touched);
        if (host.counts.crashes > crashes && host.coordinator() !== null) {
          ({ crashes } = host.counts);
          await witness.lookAtAll(stored);
        }
      }
      if (stored !== null && time.now > host.troubledAt + SOON) {
        witness.lookForOverdue(stored.now() - SOON);
      }
      for (const defect of host.defects) witness.complaints.push(defect);
      if (!volunteers.every((v) => v.done())) doneAt = time.now;
      if (time.now > doneAt + AFTERMATH) break;
      if (time.now > end) {
        witness.complaints.push("the study does not end");
        break;
      }
      if (!time.next()) {
        witness.complaints.push("everything has stopped");
        break;
      }
    }
    const stored = host.stored();
    if (stored !== null) await witness.lookAtAll(stored);
    const { queued, leased } = witness.states;
    if (queued + leased > 0 && witness.complaints.length === 0) {
      witness.complaints.push("everybody was told that the study is complete");
    }
  } finally {
    await disk.close();
  }
  const attempts = witness.trials().flatMap((trial) => trial.attempts);
  return {
    seed,
    storage,
    complaints: [...new Set(witness.complaints)],
    trace: trace.slice(-KEPT),
    fingerprint: fingerprint >>> 0,
    steps,
    virtualSeconds: Math.round(time.now / 1000),
    crashes: host.counts.crashes,
    operations: host.counts.operations,
    refusals: host.counts.refused,
    network: network.counts,
    promises: witness.promises.length,
    states: witness.states,
    attempts: attempts.length,
    superseded: attempts.filter((a) => a.state === "superseded").length,
    late: witness.late,
  };
}
