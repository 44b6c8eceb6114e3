import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import * as z from "zod";
import { seedStudy } from "../../coordinator/study/builtin.ts";
import { planStudy } from "../../coordinator/study/plan.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import { loadFashionMnist } from "../../tests/golden/fashion_mnist.ts";
import { startTrainers } from "../../tests/golden/trainers.ts";
import type { TrainerThread } from "../../worker/trainer/trainer.ts";
import { median } from "../../coordinator/analysis/statistics/statistics.ts";
import { trainTrial } from "../train_trial.ts";
import { runStart } from "./coordinator_process.ts";

export interface CostOptions {
  readonly rounds: number;
  /** Grid points of the seed study, one trial each. */
  readonly trials: number;
  readonly epochs: number;
  readonly threads: number;
  readonly say: (line: string) => void;
}

/** The cost of the whole system, compared with the threads alone. */
export interface Cost {
  readonly epochs: number;
  readonly threads: number;
  /** Trials a minute of each round. */
  readonly rounds: readonly {
    readonly system: number;
    readonly alone: number;
  }[];
  /** Median over the rounds of system / alone. */
  readonly ratio: number;
}

/**
 * Trains the same trials by `start --workers N` in its own process and by
 * trainer threads directly, in turns, with a changing order. Each is timed from
 * the start of its first trial to the end of the last, without start-up and
 * measuring of backends.
 */
export async function measureCost(options: CostOptions): Promise<Cost> {
  const { rounds, epochs, threads, say } = options;
  const { trials } = planStudy(seedStudy, { epochs, replicates: 1 });
  const chosen = trials.slice(0, options.trials);
  const dataset = await loadFashionMnist(true);
  const trainers = await startTrainers(dataset, "simd", threads);
  const folder = await Deno.makeTempDir({ prefix: "dropout-swarm-bench-" });
  const measured: { system: number; alone: number }[] = [];
  try {
    // Both warm up: the system's threads measure a step when they start.
    await trainAlone(trainers, chosen.slice(0, threads));
    for (let round = 0; round < rounds; round++) {
      say(`cost: round ${round + 1} of ${rounds}`);
      const system = () =>
        trainInSystem(join(folder, `${round}.db`), chosen, options);
      const alone = () => trainAlone(trainers, chosen);
      const first = round % 2 === 0 ? await system() : null;
      const direct = await alone();
      const through = first ?? await system();
      measured.push({
        system: chosen.length / through * 60,
        alone: chosen.length / direct * 60,
      });
    }
  } finally {
    for (const trainer of trainers) trainer.close();
    await Deno.remove(folder, { recursive: true });
  }
  const ratio = median(measured.map(({ system, alone }) => system / alone));
  return { epochs, threads, rounds: measured, ratio };
}

/**
 * Seconds that the threads need, each taking the next trial when it is free.
 */
async function trainAlone(
  trainers: readonly TrainerThread[],
  trials: readonly TrialSpec[],
): Promise<number> {
  const begun = performance.now();
  const queue = trials.values();
  await Promise.all(trainers.map(async (trainer) => {
    for (const spec of queue) await trainTrial(trainer, spec);
  }));
  return (performance.now() - begun) / 1000;
}

const SpanRow = z.object({
  n: z.number(),
  first: z.number(),
  last: z.number(),
});

/**
 * Seconds from the first lease to the last result, measured by the coordinator.
 */
async function trainInSystem(
  db: string,
  trials: readonly TrialSpec[],
  { epochs, threads }: CostOptions,
): Promise<number> {
  const points = trials.map(({ params }) =>
    `${params.dropout1},${params.dropout2}`
  );
  const { code, said } = await runStart([
    ...["--study", "seed", "--points", points.join(";")],
    ...["--replicates", "1", "--epochs", String(epochs)],
    ...["--workers", String(threads), "--backend", "simd"],
    ...["--db", db, "--port", "0", "--exit"],
  ], {
    SWARM_CACHE: fileURLToPath(new URL("../../.cache/data", import.meta.url)),
  });
  if (code !== 0) throw new Error(`the study did not complete: ${said}`);
  const file = new DatabaseSync(db, { readOnly: true });
  const { n, first, last } = SpanRow.parse(
    file.prepare(
      "SELECT count(*) AS n, min(started_at) AS first, " +
        "max(ended_at) AS last FROM attempts WHERE state = 'completed'",
    ).get(),
  );
  file.close();
  if (n !== trials.length) {
    throw new Error(`${n} trials were trained instead of ${trials.length}`);
  }
  return (last - first) / 1000;
}
