import Table from "cli-table3";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { seedStudy } from "../coordinator/study/builtin.ts";
import { planStudy } from "../coordinator/study/plan.ts";
import type { TrialSpec } from "../protocol/study.ts";
import {
  type BackendChoice,
  denoBackendChoices,
  type TrialResult,
} from "../protocol/training.ts";
import { loadFashionMnist } from "../tests/golden/fashion_mnist.ts";
import {
  type ReferencePoint,
  referencePoints,
  TOLERANCE,
  weightDecayPoints,
} from "../tests/golden/reference.ts";
import { startTrainers } from "../tests/golden/trainers.ts";
import type { TrainerThread } from "../worker/trainer/trainer.ts";
import { FlagError, wholeNumber } from "./flags.ts";
import { trainTrial } from "./train_trial.ts";

const goldenPoints = [...referencePoints, ...weightDecayPoints];

const USAGE = `Usage: deno task bench golden [flags]

Trains the reference points as the study "seed" does and compares the final
figures with PyTorch's. Fails if a mean misses by more than ${TOLERANCE.trainLoss}.
A leap is a trial whose training loss rose by 0.1 or more between two epochs. At
this learning rate with little dropout this happens by chance, also in PyTorch
(4 of 16 seeds at 0,0, none of the reference's five), and changes the mean.

  --points A,B;C,D   rates to train, with weight decay as A,B,W (default: all ${goldenPoints.length})
  --replicates N     repeats a point (default: 3)
  --threads N        trainer threads (default: one a core)
  --backend NAME     ${denoBackendChoices.join(", ")} (default: auto)`;

/** Trains and compares; sets a non-zero exit status if a figure misses. */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args);
  if (options === null) {
    console.log(USAGE);
    return;
  }
  const { points, replicates, threads, backend } = options;
  const { trials } = planStudy(seedStudy, {
    points: points.map(({ dropout1, dropout2, weightDecay }) => ({
      dropout1,
      dropout2,
      weightDecay,
    })),
    replicates,
  });
  const dataset = await loadFashionMnist(true);
  const trainers = await startTrainers(dataset, backend, threads);
  const started = performance.now();
  const results = await trainAll(trials, trainers);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);

  const rows = points.map((point) =>
    compare(
      point,
      trials.flatMap(({ params }, i) => {
        const result = results[i];
        return result !== undefined && params.dropout1 === point.dropout1 &&
            params.dropout2 === point.dropout2 &&
            params.weightDecay === point.weightDecay
          ? [result]
          : [];
      }),
    )
  );
  print(rows);
  const missed = rows.filter(({ ok }) => !ok).length;
  console.log(
    `${trials.length} trials in ${minutes} min on ${threads} threads, ` +
      `${trainers[0]?.report.backendDetail}; ` +
      `${missed === 0 ? "every point" : `all but ${missed} points`} within ` +
      `${TOLERANCE.trainLoss} of PyTorch in training loss and ` +
      `${TOLERANCE.testAccuracy} in test accuracy`,
  );
  if (missed > 0) Deno.exitCode = 1;
}

interface Options {
  readonly points: readonly ReferencePoint[];
  readonly replicates: number;
  readonly threads: number;
  readonly backend: BackendChoice;
}

/** @returns null when help was asked for */
function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      points: { type: "string" },
      replicates: { type: "string", default: "3" },
      threads: { type: "string", default: `${availableParallelism()}` },
      backend: { type: "string", default: "auto" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  return {
    points: values.points === undefined
      ? goldenPoints
      : values.points.split(";").map(referencePoint),
    replicates: wholeNumber("replicates", values.replicates),
    threads: wholeNumber("threads", values.threads),
    backend: backendChoice(values.backend),
  };
}

function referencePoint(text: string): ReferencePoint {
  const [dropout1, dropout2, weightDecay = 0] = text.split(",").map(Number);
  const point = goldenPoints.find((candidate) =>
    candidate.dropout1 === dropout1 && candidate.dropout2 === dropout2 &&
    candidate.weightDecay === weightDecay
  );
  if (point === undefined) {
    throw new FlagError(
      `--points: no reference figures for: ${text}; there are: ` +
        goldenPoints.map(nameOf).join("; "),
    );
  }
  return point;
}

function backendChoice(text: string): BackendChoice {
  const choice = denoBackendChoices.find((name) => name === text);
  if (choice !== undefined) return choice;
  throw new FlagError(
    `--backend: not one of ${denoBackendChoices.join(", ")}: ${text}`,
  );
}

/** Trains every trial, each trainer taking the next one when it is free. */
async function trainAll(
  trials: readonly TrialSpec[],
  trainers: readonly TrainerThread[],
): Promise<TrialResult[]> {
  const results: TrialResult[] = [];
  const queue = trials.entries();
  try {
    await Promise.all(trainers.map(async (trainer) => {
      // The iterator is shared: each trial goes to one trainer.
      for (const [index, spec] of queue) {
        const { result } = await trainTrial(trainer, spec);
        results[index] = result;
        console.error(
          `${spec.trialId}: ${result.outcome} on ${result.backend} in ` +
            `${result.seconds.toFixed(1)} s, training loss ` +
            `${result.epochs.at(-1)?.trainLoss.toFixed(4)}`,
        );
      }
    }));
  } finally {
    for (const trainer of trainers) trainer.close();
  }
  return results;
}

interface Row {
  readonly point: string;
  readonly trainLoss: Compared;
  readonly testAccuracy: Compared;
  readonly testLoss: Compared;
  /** Trials whose training loss jumped up between two epochs. */
  readonly leaps: number;
  readonly ok: boolean;
}

interface Compared {
  /** Mean over the replicates. */
  readonly ours: number;
  readonly pytorch: { readonly mean: number; readonly sd: number };
  readonly difference: number;
}

function nameOf({ dropout1, dropout2, weightDecay }: ReferencePoint): string {
  const rates = `${dropout1},${dropout2}`;
  return weightDecay === 0 ? rates : `${rates},${weightDecay}`;
}

function compare(
  point: ReferencePoint,
  results: readonly TrialResult[],
): Row {
  const compared = (
    metric: "trainLoss" | "testAccuracy" | "testLoss",
  ): Compared => {
    // A trial that diverged has no final figure: NaN, a miss.
    const finals = results.map((result) =>
      result.outcome === "trained" ? result.epochs.at(-1)?.[metric] ?? NaN : NaN
    );
    const ours = finals.reduce((sum, value) => sum + value, 0) / finals.length;
    const pytorch = point.final[metric];
    return { ours, pytorch, difference: ours - pytorch.mean };
  };
  const trainLoss = compared("trainLoss");
  const testAccuracy = compared("testAccuracy");
  return {
    point: nameOf(point),
    trainLoss,
    testAccuracy,
    testLoss: compared("testLoss"),
    leaps: results.filter(leapt).length,
    ok: Math.abs(trainLoss.difference) <= TOLERANCE.trainLoss &&
      Math.abs(testAccuracy.difference) <= TOLERANCE.testAccuracy,
  };
}

function leapt({ epochs }: TrialResult): boolean {
  return epochs.some(({ trainLoss }, i) =>
    trainLoss - (epochs[i - 1]?.trainLoss ?? Infinity) >= 0.1
  );
}

function print(rows: readonly Row[]): void {
  const table = new Table({
    head: [
      "point",
      "train loss",
      "PyTorch",
      "diff",
      "test acc.",
      "PyTorch",
      "diff",
      "test loss",
      "PyTorch",
      "leaps",
      "",
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    const shown = [row.trainLoss, row.testAccuracy, row.testLoss].map(
      ({ ours, pytorch: { mean, sd }, difference }) => ({
        ours: ours.toFixed(4),
        pytorch: `${mean.toFixed(4)} ± ${sd.toFixed(4)}`,
        difference: `${difference < 0 ? "" : "+"}${difference.toFixed(4)}`,
      }),
    );
    const [loss, accuracy, testLoss] = shown;
    table.push([
      row.point,
      loss?.ours ?? "",
      loss?.pytorch ?? "",
      loss?.difference ?? "",
      accuracy?.ours ?? "",
      accuracy?.pytorch ?? "",
      accuracy?.difference ?? "",
      testLoss?.ours ?? "",
      testLoss?.pytorch ?? "",
      row.leaps,
      row.ok ? "ok" : "MISS",
    ]);
  }
  console.log(table.toString());
}
