import { tableOf } from "../table.ts";
import type { AtRate, Ceiling } from "./ceiling.ts";
import type { Cost } from "./cost.ts";
import type { Held, Storm } from "./hold.ts";
import { countWithin, type Latencies, quantile } from "./latencies.ts";
import { balances, type Ledger } from "./ledger.ts";
import type { MemoryUse } from "./memory.ts";
import { CALLS, type Seen } from "./meter.ts";
import { LIMIT, WORK_CALLS } from "./own_times.ts";

/** All measurements; null: skipped, or unknown on this system. */
export interface Report {
  /** Processors of this machine. */
  readonly cores: number;
  readonly hold: Held | null;
  /** One for each database and number of coordinators; empty: skipped. */
  readonly ceilings: readonly Ceiling[];
  readonly memory: MemoryUse | null;
  readonly cost: Cost | null;
}

/** The figures as JSON: times in milliseconds as quantiles. */
export function reportJson(report: Report): string {
  return JSON.stringify(
    report,
    (_, value: unknown) =>
      isLatencies(value)
        ? {
          count: value.count,
          p50: quantile(value, 0.5),
          p99: quantile(value, 0.99),
          max: value.max,
        }
        : value,
    2,
  );
}

function isLatencies(value: unknown): value is Latencies {
  return typeof value === "object" && value !== null && "buckets" in value;
}

export function printReport(report: Report): void {
  const { hold, ceilings, memory, cost } = report;
  if (hold !== null) printHeld(hold);
  ceilings.forEach(printCeiling);
  if (ceilings.length > 1) printCeilings(ceilings, report.cores);
  if (memory !== null) {
    const last = memory.samples.at(-1);
    console.log(
      `memory of the coordinator: ${memory.perThousand.toFixed(1)} MB per ` +
        `1,000 workers (${memory.samples[0]?.[1].toFixed(0)} MB without any, ` +
        `${last?.[1].toFixed(0)} MB with ${last?.[0]})\n`,
    );
  }
  if (cost !== null) printCost(cost);
}

function printHeld(held: Held): void {
  const { volunteers, minutes, seen, ledger, use, storm } = held;
  console.log(
    `${volunteers} volunteers for ${minutes} minutes at their own pace: ` +
      `${held.answeredPerSecond.toFixed(0)} calls answered a second`,
  );
  printCalls(seen, held.leaderboard);
  console.log(
    "volunteers on the thread with normal priority:",
  );
  printCalls(held.watched, null);
  printWithin(held);
  console.log(
    `expired leases: ${ledger.expired}; fewest workers online: ` +
      `${held.fewestOnline}; refused: ${counts(seen.refused)}; without an ` +
      `answer: ${seen.unreachable}; requests without a trial: ${seen.none}; ` +
      `volunteers that stopped early: ${held.stopped.length}`,
  );
  if (held.stopped.length > 0) console.log(`  first: ${held.stopped[0]}`);
  if (use !== null) {
    console.log(
      `the coordinator used ${use.cpu.toFixed(2)} processors, ` +
        `${(use.memory / 1e6).toFixed(0)} MB and ${use.files} open files`,
    );
  }
  console.log(
    `the volunteers' own timers were late by ${ms(seen.lag, 0.5)} ms (p50), ` +
      `${ms(seen.lag, 0.99)} ms (p99), which is part of every time above`,
  );
  if (storm !== null) printStorm(storm, volunteers);
  printLedger(ledger, held.abandoned);
}

function printStorm(storm: Storm, volunteers: number): void {
  const { outageSeconds, startSeconds, halfBack, mostBack, allBack } = storm;
  console.log(
    `\nkilled and started again after ${outageSeconds} s: the new process ` +
      `answered after ${startSeconds.toFixed(1)} s; from then half were back ` +
      `after ${halfBack.toFixed(1)} s, 99 of 100 after ` +
      `${mostBack.toFixed(1)} s, ` +
      (allBack === null
        ? `${volunteers - storm.back} NEVER`
        : `all after ${allBack.toFixed(1)} s`) +
      `; refused meanwhile: ${counts(storm.seen.refused)}`,
  );
  printCalls(storm.seen, null);
}

function printLedger(
  ledger: Ledger,
  abandoned: Readonly<Record<string, number>>,
): void {
  console.log(
    `in the database: ${ledger.results} results, ${ledger.told} seen ` +
      `accepted, ${ledger.untold} whose answer was lost; lost: ` +
      `${ledger.lost}, counted twice: ${ledger.toldTwice}, miscounted: ` +
      `${ledger.miscounted}: ${balanceOf(ledger)}; ` +
      `attempts: ${counts(ledger.attempts)}; abandoned: ` +
      `${counts(abandoned)}\n`,
  );
}

function printCalls(seen: Seen, leaderboard: Latencies | null): void {
  const table = tableOf("ms", "calls", "p50", "p99", "most");
  const add = (name: string, of: Latencies) => {
    if (of.count === 0) return;
    table.push([name, of.count, ms(of, 0.5), ms(of, 0.99), of.max.toFixed(1)]);
  };
  for (const name of CALLS) add(name, seen.calls[name]);
  if (leaderboard !== null) add("leaderboard", leaderboard);
  console.log(table.toString());
}

/**
 * The share of calls within the limit: measured by volunteers, network and
 * their own delays included, and by the coordinator from a request's head to
 * its answer's.
 */
function printWithin({ seen, watched, own }: Held): void {
  const table = tableOf(`% within ${LIMIT} ms`, ...WORK_CALLS);
  const percent = (within: number, calls: number) =>
    calls === 0 ? "" : (100 * within / calls).toFixed(2);
  const by = (name: string, { calls }: Seen) => [
    name,
    ...WORK_CALLS.map((name) =>
      percent(countWithin(calls[name], LIMIT), calls[name].count)
    ),
  ];
  table.push(
    by("timed by all volunteers", seen),
    by("by those with normal priority", watched),
    [
      "by the coordinator",
      ...WORK_CALLS.map((name) => percent(own[name].within, own[name].calls)),
    ],
  );
  console.log(table.toString());
}

function printCeiling(ceiling: Ceiling): void {
  const { rates, limit, ledger, settings } = ceiling;
  const table = tableOf(
    "lease-report-complete cycles a second",
    "reached",
    ...CALL_COLUMNS,
    ...CPU_COLUMNS,
    "refused",
  );
  for (const rate of rates) {
    table.push([
      `${rate.offered.toFixed(0)}${rate.within ? "" : " (too slow)"}`,
      rate.reached.toFixed(0),
      ...callCells(rate),
      ...cpuCells(rate),
      rate.refused + rate.none,
    ]);
  }
  console.log(`${onWhat(ceiling)}${settings === null ? "" : ` (${settings})`}`);
  console.log(table.toString());
  console.log(
    ceiling.best === null
      ? `not even the first rate had its 99th percentile within ${limit} ms`
      : `ceiling: ${reached(ceiling)} cycles a second with every 99th ` +
        `percentile within ${limit} ms`,
  );
  printLedger(ledger, {});
}

/** The ceilings side by side. */
function printCeilings(ceilings: readonly Ceiling[], cores: number): void {
  const table = tableOf(
    "cycles a second within the limit",
    "ceiling",
    ...CALL_COLUMNS,
    ...CPU_COLUMNS,
    "results",
    "ledger",
  );
  for (const ceiling of ceilings) {
    const { best, ledger } = ceiling;
    table.push([
      onWhat(ceiling),
      reached(ceiling),
      ...best === null
        ? [...CALL_COLUMNS, ...CPU_COLUMNS].map(() => "")
        : [...callCells(best), ...cpuCells(best)],
      ledger.results,
      balanceOf(ledger),
    ]);
  }
  console.log(table.toString());
  console.log(
    `all processes share the ${cores} processors of this machine, the ` +
      "volunteers too: together they cannot use more\n",
  );
}

function onWhat({ kind, coordinators }: Ceiling): string {
  return `${kind}, ${coordinators} ` +
    (coordinators === 1 ? "coordinator" : "coordinators");
}

function reached({ best }: Ceiling): string {
  return best === null ? "none" : best.reached.toFixed(0);
}

const CALL_COLUMNS = ["lease p50 / p99", "report", "complete"];

function callCells({ lease, report, complete }: AtRate): string[] {
  return [lease, report, complete].map((of) =>
    `${ms(of, 0.5)} / ${ms(of, 0.99)}`
  );
}

/** Processors used. */
const CPU_COLUMNS = ["coordinators' CPUs", "server's", "volunteers'"];

function cpuCells({ cpu }: AtRate): string[] {
  return [cpu.coordinators, cpu.database, cpu.volunteers].map((busy) =>
    busy?.toFixed(2) ?? ""
  );
}

function printCost({ rounds, ratio, epochs, threads }: Cost): void {
  const table = tableOf(
    `trials of ${epochs} epochs a minute, ${threads} threads`,
    "whole system",
    "threads alone",
    "ratio",
  );
  rounds.forEach(({ system, alone }, i) =>
    table.push([
      `round ${i + 1}`,
      system.toFixed(2),
      alone.toFixed(2),
      (system / alone).toFixed(3),
    ])
  );
  table.push(["median", "", "", ratio.toFixed(3)]);
  console.log(`${table}\n`);
}

function ms(of: Latencies, share: number): string {
  return quantile(of, share).toFixed(1);
}

function counts(of: Readonly<Record<string, number>>): string {
  const all = Object.entries(of).map(([name, n]) => `${n} ${name}`);
  return all.length === 0 ? "0" : all.join(", ");
}

function balanceOf(ledger: Ledger): string {
  return balances(ledger) ? "balances" : "DOES NOT BALANCE";
}
