import Table from "cli-table3";
import { createHash } from "node:crypto";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { parseArgs } from "node:util";
import { createAnalyser } from "../coordinator/analysis/analyser.ts";
import { leaderboardCsv } from "../coordinator/analysis/csv.ts";
import { analyserOf, progressOf } from "../testing/studies/reference_study.ts";
import { squareStudy } from "../testing/studies/square_study.ts";
import { createAnalyst } from "../coordinator/threads/analyst.ts";
import { createAnalystSync } from "../coordinator/threads/analyst_sync.ts";
import { leaderboardJson } from "../coordinator/threads/leaderboard_json.ts";
import { createLiveLeaderboards } from "../coordinator/service/leaderboards.ts";
import type { StudyChanges } from "../coordinator/service/reads.ts";
import { wholeNumber } from "./flags.ts";

const USAGE = `Usage: deno task bench leaderboard [flags]

Measures the cost of a leaderboard of many grid points: computed from nothing,
after one more result, requested again, written as JSON, and its compressed
size. Results are random, the analysis is real. Other load on the machine
affects the medians more than the minima.

  --side N         points along each side of the square (default: 50)
  --replicates N   repeats a point (default: 5)
  --rounds N       times that each is measured (default: 15)
  --json           print the figures as JSON`;

/** Repeated measurements in milliseconds. */
interface Times {
  /** The first time in this process. */
  readonly first: number;
  readonly median: number;
  readonly least: number;
}

/** Everything measured; what `--json` prints. */
interface Report {
  readonly points: number;
  readonly replicates: number;
  readonly rounds: number;
  readonly milliseconds: Readonly<Record<string, Times>>;
  readonly bytes: Readonly<Record<string, number>>;
}

/** Measures and prints. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      side: { type: "string", default: "50" },
      replicates: { type: "string", default: "5" },
      rounds: { type: "string", default: "15" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const report = await measure(
    wholeNumber("side", values.side),
    wholeNumber("replicates", values.replicates),
    wholeNumber("rounds", values.rounds),
  );
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else printReport(report);
}

async function measure(
  side: number,
  replicates: number,
  rounds: number,
): Promise<Report> {
  const study = squareStudy(side, replicates);
  const { definition, trials, results } = study;
  const total = trials.length;
  const progress = progressOf(total, total);
  const stopwatch = createStopwatch();

  for (let round = 0; round < rounds; round++) {
    const board = stopwatch.time(
      "worked out from nothing",
      () => analyserOf(study).leaderboard(progress, 1),
    );
    stopwatch.time("  written as JSON", () => leaderboardJson(board));
  }

  const analyser = analyserOf(study);
  const all = analyser.leaderboard(progress, 1);
  leaderboardJson(all);
  for (let round = 0; round < rounds; round++) {
    const trial = trials[(round * 977) % total];
    if (trial === undefined) continue;
    analyser.set(trial.trialId, { state: "queued", result: null });
    leaderboardJson(analyser.leaderboard(progress, 1));
    const result = results.get(trial.trialId) ?? null;
    const board = stopwatch.time("one more result", () => {
      analyser.set(trial.trialId, { state: "completed", result });
      return analyser.leaderboard(progress, 1);
    });
    const json = stopwatch.time(
      "  written as JSON ",
      () => leaderboardJson(board),
    );
    stopwatch.time(
      "  its entity tag",
      () => createHash("sha256").update(json).digest("hex"),
    );
  }
  for (let round = 0; round < rounds; round++) {
    stopwatch.time(
      "only the throughput changed",
      () =>
        analyser.leaderboard({
          ...progress,
          trialsPerMinute: round,
        }, 1),
    );
  }

  let clock = 0;
  const planned: StudyChanges = {
    definition,
    revision: 1,
    more: false,
    trials: trials.map((spec, position) => ({
      spec,
      position,
      planned: true,
      state: "completed",
      result: results.get(spec.trialId) ?? null,
      workerId: null,
    })),
  };
  const views = {
    changes: (_: string, since: number) =>
      Promise.resolve(since === 0 ? planned : { ...planned, trials: [] }),
    throughput: () =>
      Promise.resolve({
        workersOnline: 1,
        trialsPerMinute: null,
        notLeasable: null,
      }),
    study: () => Promise.resolve(null),
  };
  const analystSync = createAnalystSync(views, createAnalyst());
  const live = createLiveLeaderboards(views, analystSync, {
    now: () => clock,
    schedule: () => () => {},
    publish: () => {},
  });
  await live(definition.id);
  for (let round = 0; round < rounds; round++) {
    clock += 1000;
    await stopwatch.timeAsync("nothing changed", () => live(definition.id));
  }

  const empty = createAnalyser(definition, trials)
    .leaderboard(progressOf(total, 0), 0);
  const json = leaderboardJson(all);
  const gzip = stopwatch.time("gzip, level 6", () => gzipSync(json));
  const brotli = stopwatch.time(
    "Brotli, quality 5",
    () =>
      brotliCompressSync(json, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
      }),
  );
  return {
    points: side * side,
    replicates,
    rounds,
    milliseconds: stopwatch.times(),
    bytes: {
      "JSON": json.length,
      "JSON, gzip": gzip.length,
      "JSON, Brotli": brotli.length,
      "JSON before the first result": leaderboardJson(empty).length,
      "CSV": new TextEncoder().encode(leaderboardCsv(all)).length,
    },
  };
}

function createStopwatch() {
  const measured = new Map<string, number[]>();
  const add = (name: string, started: number) => {
    const took = performance.now() - started;
    measured.set(name, [...measured.get(name) ?? [], took]);
  };
  return {
    time<T>(name: string, run: () => T): T {
      const started = performance.now();
      const value = run();
      add(name, started);
      return value;
    },
    async timeAsync<T>(name: string, run: () => Promise<T>): Promise<T> {
      const started = performance.now();
      const value = await run();
      add(name, started);
      return value;
    },
    times: (): Record<string, Times> =>
      Object.fromEntries(
        Array.from(measured, ([name, [first = NaN, ...rest]]) => {
          const sorted = (rest.length === 0 ? [first] : rest)
            .toSorted((a, b) => a - b);
          const median = sorted[sorted.length >> 1] ?? NaN;
          return [name, { first, median, least: sorted[0] ?? NaN }];
        }),
      ),
  };
}

function printReport({ points, replicates, milliseconds, bytes }: Report) {
  console.log(`${points} grid points, ${replicates} replicates each`);
  const times = new Table({ head: ["ms", "first", "median", "least"] });
  for (const [name, { first, median, least }] of Object.entries(milliseconds)) {
    times.push([name, ...[first, median, least].map((ms) => ms.toFixed(1))]);
  }
  console.log(times.toString());
  const sizes = new Table({ head: ["kB", ""] });
  for (const [name, count] of Object.entries(bytes)) {
    sizes.push([name, (count / 1000).toFixed(0)]);
  }
  console.log(sizes.toString());
}
