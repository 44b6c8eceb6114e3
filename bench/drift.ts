import { parseArgs } from "node:util";
import { findDataset } from "../worker/data/find_dataset.ts";
import { fashionMnist } from "../worker/data/fashion_mnist.ts";
import type { Params, TrialSpec } from "../protocol/study.ts";
import {
  BackendName,
  epochFigures,
  type EpochMetrics,
} from "../protocol/training.ts";
import { median } from "../coordinator/analysis/statistics/statistics.ts";
import { seedStudy } from "../coordinator/study/builtin.ts";
import { planStudy } from "../coordinator/study/plan.ts";
import { InvalidStudy, parsePoints } from "../coordinator/study/points.ts";
import { createVerifier } from "../coordinator/verification/verifier.ts";
import { loadFashionMnist } from "../tests/golden/fashion_mnist.ts";
import { startTrainers } from "../tests/golden/trainers.ts";
import { dataCacheDir } from "../worker/main_deno.ts";
import type { TrainedTrial } from "../worker/trainer/trainer_api.ts";
import { FlagError, wholeNumber } from "./flags.ts";
import { trainTrial } from "./train_trial.ts";

/**
 * Measures how far the same trials drift apart between two backends, epoch by
 * epoch, and how far different trials lie apart: verification's tolerances come
 * from this. Also compares the verifier's figures of each backend's final weights
 * with the trainer's.
 */

const HELP = `Usage: deno task bench drift [flags]
  --backends A,B   (default: simd,wasm)
  --points LIST    (default: "0.2,0.5;0.5,0.2;0.3,0.5")
  --replicates N   (default: 1)
  --epochs N       (default: 3)`;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      backends: { type: "string", default: "simd,wasm" },
      points: { type: "string", default: "0.2,0.5;0.5,0.2;0.3,0.5" },
      replicates: { type: "string", default: "1" },
      epochs: { type: "string", default: "3" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const backends = values.backends.split(",").map(backendName);
  const { trials } = planStudy(seedStudy, {
    points: pointList(values.points),
    replicates: wholeNumber("replicates", values.replicates),
    epochs: wholeNumber("epochs", values.epochs),
  });
  const runs = new Map<BackendName, TrainedTrial[]>();
  for (const backend of backends) {
    runs.set(backend, await trainAll(trials, backend));
  }
  const [first, ...others] = backends;
  if (first === undefined) return;
  for (const other of others) {
    console.log(`\nLargest difference between ${first} and ${other}`);
    const pair = (i: number): Pair => [
      epochs(runs, first, i),
      epochs(runs, other, i),
    ];
    table(trials, pair);
    medians(trials, pair);
  }
  console.log(`\nSmallest difference between two grid points on ${first}`);
  apart(trials, (i) => epochs(runs, first, i));
  console.log(
    "\nThe verifier on the final weights, less the trainer's figures",
  );
  await recomputed(trials, runs);
}

function backendName(text: string): BackendName {
  const parsed = BackendName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new FlagError(
    `--backends: not one of ${BackendName.options.join(", ")}: ${text}`,
  );
}

function pointList(text: string): Params[] {
  try {
    return parsePoints(text);
  } catch (error) {
    if (error instanceof InvalidStudy) throw new FlagError(error.message);
    throw error;
  }
}

async function trainAll(
  trials: readonly TrialSpec[],
  backend: BackendName,
): Promise<TrainedTrial[]> {
  const [trainer] = await startTrainers(
    await loadFashionMnist(true),
    backend,
    1,
  );
  if (trainer === undefined) throw new Error("no trainer");
  try {
    const all: TrainedTrial[] = [];
    for (const spec of trials) {
      all.push(await trainTrial(trainer, spec));
      console.error(`${backend}: ${spec.trialId}`);
    }
    return all;
  } finally {
    trainer.close();
  }
}

function epochs(
  runs: ReadonlyMap<BackendName, TrainedTrial[]>,
  backend: BackendName,
  trial: number,
): readonly EpochMetrics[] {
  return runs.get(backend)?.[trial]?.result.epochs ?? [];
}

type Pair = readonly [readonly EpochMetrics[], readonly EpochMetrics[]];

/** One line for each epoch, one column for each figure. */
function table(trials: readonly TrialSpec[], pair: (trial: number) => Pair) {
  print(trials[0]?.recipe.epochs ?? 0, (epoch, figure) =>
    Math.max(
      ...trials.map((_, i) => difference(pair(i), epoch, figure)),
    ));
}

/** One line: of each trial the median over its epochs, and the largest of all. */
function medians(trials: readonly TrialSpec[], pair: (trial: number) => Pair) {
  const cells = epochFigures.map((figure) =>
    Math.max(
      ...trials.map((_, i) => {
        const [a] = pair(i);
        return median(a.map((_, epoch) => difference(pair(i), epoch, figure)));
      }),
    ).toExponential(1)
  );
  console.log(["median", ...cells].join("\t"));
}

function apart(
  trials: readonly TrialSpec[],
  of: (trial: number) => readonly EpochMetrics[],
) {
  const pairs = trials.flatMap((a, i) =>
    trials.flatMap((b, j) =>
      i < j && a.replicate === b.replicate ? [[i, j] as const] : []
    )
  );
  print(trials[0]?.recipe.epochs ?? 0, (epoch, figure) =>
    Math.min(
      ...pairs.map(([i, j]) => difference([of(i), of(j)], epoch, figure)),
    ));
}

function difference(
  [a, b]: Pair,
  epoch: number,
  figure: typeof epochFigures[number],
): number {
  return Math.abs((a[epoch]?.[figure] ?? NaN) - (b[epoch]?.[figure] ?? NaN));
}

function print(
  count: number,
  value: (epoch: number, figure: typeof epochFigures[number]) => number,
) {
  console.log(["epoch", ...epochFigures].join("\t"));
  for (let epoch = 0; epoch < count; epoch++) {
    const line = epochFigures.map((figure) =>
      value(epoch, figure).toExponential(1)
    );
    console.log([epoch + 1, ...line].join("\t"));
  }
}

async function recomputed(
  trials: readonly TrialSpec[],
  runs: ReadonlyMap<BackendName, TrainedTrial[]>,
): Promise<void> {
  const { manifest, folder } = await findDataset(fashionMnist, {
    cacheDir: dataCacheDir,
  });
  const verifier = createVerifier({
    dataset: manifest,
    dataFolder: folder,
    schedule: () => () => {},
  });
  try {
    for (const [backend, all] of runs) {
      const losses: number[] = [];
      const accuracies: number[] = [];
      const times: number[] = [];
      for (const [i, { result, weights }] of all.entries()) {
        const spec = trials[i];
        const last = result.epochs.at(-1);
        if (spec === undefined || weights === null || !last) continue;
        const start = performance.now();
        const found = await verifier.evaluate(
          spec,
          new Uint8Array(weights.bytes),
        );
        times.push(performance.now() - start);
        losses.push(Math.abs(found.testLoss - last.testLoss));
        accuracies.push(Math.abs(found.testAccuracy - last.testAccuracy));
      }
      console.log(
        `${backend}: loss ${Math.max(...losses).toExponential(1)}, accuracy ` +
          `${Math.max(...accuracies).toExponential(1)}, ` +
          `${Math.min(...times).toFixed(0)} ms an evaluation`,
      );
    }
  } finally {
    verifier.close();
  }
}
