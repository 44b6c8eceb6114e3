import { cpuBetween, type CpuUse, readCpu } from "./cpu.ts";
import type { CyclesSeen } from "./cycles.ts";
import {
  addLatencies,
  createLatencies,
  type Latencies,
  quantile,
} from "./latencies.ts";
import type { Ledger } from "./ledger.ts";
import { inWorkplace, type Workplace } from "./workplace.ts";

export interface CeilingOptions {
  /** Workers that call in turn, over all threads. */
  readonly workers: number;
  readonly threads: number;
  /** Cycles a second at first. */
  readonly from: number;
  /** Factor from each rate to the next. */
  readonly growth: number;
  /** Seconds at each rate. */
  readonly seconds: number;
  /** Rates tried at most. */
  readonly rates: number;
  /** Limit of the 99th percentile, in milliseconds. */
  readonly limit: number;
  /** A server's address; default: a SQLite file. */
  readonly db?: string | undefined;
  /** Coordinators that share it. Default: 1. */
  readonly coordinators?: number;
  readonly say: (line: string) => void;
}

/** Results at one rate of cycles. */
export interface AtRate {
  /** Cycles started a second. */
  readonly offered: number;
  /** Cycles accepted a second. */
  readonly reached: number;
  readonly lease: Latencies;
  readonly report: Latencies;
  readonly complete: Latencies;
  readonly refused: number;
  readonly none: number;
  /** Processors used by each group of processes. */
  readonly cpu: CpuUse;
  /** Whether each call's 99th percentile was within the limit. */
  readonly within: boolean;
}

export interface Ceiling {
  /** The database's kind, and the settings that its speed depends on. */
  readonly kind: string;
  readonly settings: string | null;
  readonly coordinators: number;
  readonly limit: number;
  readonly rates: readonly AtRate[];
  /** Highest rate within the limit; null: even the first was above it. */
  readonly best: AtRate | null;
  readonly ledger: Ledger;
}

/** Rates in a row above the limit that end the search. */
const MISSES = 2;

/** Raises the rate of lease, report, complete until the limit is passed. */
export async function findCeiling(options: CeilingOptions): Promise<Ceiling> {
  const { from, growth, seconds, rates, threads } = options;
  const { db, coordinators = 1 } = options;
  let trials = from * seconds;
  for (let i = 0, rate = from; i < rates; i++, rate *= growth) {
    trials += rate * seconds + 1;
  }
  // A study may have a million trials; the ceiling comes long before.
  trials = Math.min(Math.ceil(trials), 400_000);
  return await inWorkplace(
    { trials, epochs: 1, threads, db, coordinators },
    (workplace) => climb(workplace, options),
  );
}

async function climb(
  workplace: Workplace,
  options: CeilingOptions,
): Promise<Ceiling> {
  const { from, growth, seconds, limit, say } = options;
  const { crowd, database } = workplace;
  const all = [workplace.coordinator, ...workplace.others];
  const on = `${database.kind}, ${all.length} coordinator(s)`;
  // Registers the workers and warms up the engines.
  await runRate(workplace, options, from, seconds);
  const rates: AtRate[] = [];
  let misses = 0;
  let rate = from;
  for (let i = 0; i < options.rates && misses < MISSES; i++) {
    say(`${on}: ${rate.toFixed(0)} cycles a second`);
    const once = await runRate(workplace, options, rate, seconds);
    // One slow moment of the machine must not end the search: try again once.
    const at = once.within
      ? once
      : await runRate(workplace, options, rate, seconds);
    rates.push(at);
    misses = at.within ? 0 : misses + 1;
    rate *= growth;
  }
  const accepted = await crowd.accepted();
  await Promise.all(all.map((coordinator) => coordinator.stop()));
  return {
    kind: database.kind,
    settings: database.settings,
    coordinators: all.length,
    limit,
    rates,
    best: rates.findLast(({ within }) => within) ?? null,
    ledger: await database.readLedger(accepted),
  };
}

async function runRate(
  workplace: Workplace,
  { workers, limit }: CeilingOptions,
  perSecond: number,
  seconds: number,
): Promise<AtRate> {
  const { crowd, coordinator, others } = workplace;
  const urls = [coordinator, ...others].map(({ url }) => url);
  const each = Math.ceil(workers / crowd.size);
  const before = await readCpu(workplace);
  const begun = performance.now();
  const all = await crowd.each((thread, i) =>
    thread.cycles({
      urls,
      first: i * each,
      workers: Math.min(each, workers - i * each),
      perSecond: perSecond / crowd.size,
      seconds,
    })
  );
  const after = await readCpu(workplace);
  const took = (performance.now() - begun) / 1000;
  const sum = (of: (seen: CyclesSeen) => number) =>
    all.reduce((total, seen) => total + of(seen), 0);
  const merged = (of: (seen: CyclesSeen) => Latencies) => {
    const into = createLatencies();
    for (const seen of all) addLatencies(into, of(seen));
    return into;
  };
  const lease = merged((seen) => seen.lease);
  const report = merged((seen) => seen.report);
  const complete = merged((seen) => seen.complete);
  return {
    offered: perSecond,
    reached: sum((seen) => seen.accepted / seen.seconds),
    lease,
    report,
    complete,
    refused: sum(({ refused }) =>
      Object.values(refused).reduce((total, n) => total + n, 0)
    ),
    none: sum(({ none }) => none),
    cpu: cpuBetween(before, after, took),
    within: [lease, report, complete].every((of) =>
      quantile(of, 0.99) <= limit
    ),
  };
}
