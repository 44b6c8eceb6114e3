import Table from "cli-table3";
import type { AtRate, Ceiling } from "./ceiling.ts";
import type { Cost } from "./cost.ts";
import type { Held, Storm } from "./hold.ts";
import { type Latencies, quantile } from "./latencies.ts";
import { balances, type Ledger } from "./ledger.ts";
import type { MemoryUse } from "./memory.ts";
import { CALLS, type Seen } from "./meter.ts";

/** Everything measured; null: left out, or not known on this system. */
export interface Report {
  readonly hold: Held | null;
  readonly ceiling: Ceiling | null;
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

export function printReport({ hold, ceiling, memory, cost }: Report): void {
  if (hold !== null) printHeld(hold);
  if (ceiling !== null) printCeiling(ceiling);
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
    `taken for dead: ${ledger.expired}; fewest online at once: ` +
      `${held.fewestOnline}; refused: ${counts(seen.refused)}; without an ` +
      `answer: ${seen.unreachable}; asked in vain for a trial: ${seen.none}; ` +
      `stopped by themselves: ${held.stopped.length}`,
  );
  if (held.stopped.length > 0) console.log(`  first: ${held.stopped[0]}`);
  if (use !== null) {
    console.log(
      `the coordinator kept ${use.cpu.toFixed(2)} processors busy, held ` +
        `${(use.memory / 1e6).toFixed(0)} MB and ${use.files} open files`,
    );
  }
  console.log(
    `the volunteers' own timers were late by ${ms(seen.lag, 0.5)} ms (half), ` +
      `${ms(seen.lag, 0.99)} ms (99 of 100): their share of every time above`,
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
        ? `${volunteers - storm.back} NOT AT ALL`
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
    `in the file: ${ledger.results} results, ${ledger.told} told to ` +
      `volunteers, ${ledger.untold} whose answer was lost; lost: ` +
      `${ledger.lost}, counted twice: ${ledger.toldTwice}, miscounted: ` +
      `${ledger.miscounted}: ${balances(ledger) ? "balances" : "DOES NOT"}; ` +
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

function printCeiling({ rates, best, limit, ledger }: Ceiling): void {
  const table = tableOf(
    "lease-report-complete cycles a second",
    "reached",
    "lease p50 / p99",
    "report",
    "complete",
    "processors",
    "refused",
  );
  const pair = (of: Latencies) => `${ms(of, 0.5)} / ${ms(of, 0.99)}`;
  for (const rate of rates) {
    table.push([
      `${rate.offered.toFixed(0)}${rate.within ? "" : " (too slow)"}`,
      rate.reached.toFixed(0),
      pair(rate.lease),
      pair(rate.report),
      pair(rate.complete),
      rate.cpu?.toFixed(2) ?? "",
      rate.refused + rate.none,
    ]);
  }
  console.log(table.toString());
  console.log(
    best === null
      ? `not even the first rate had its 99th percentile within ${limit} ms`
      : `ceiling: ${reached(best)} cycles a second with every 99th ` +
        `percentile within ${limit} ms`,
  );
  printLedger(ledger, {});
}

function reached({ reached }: AtRate): string {
  return reached.toFixed(0);
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

function tableOf(...head: string[]) {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
  });
}
