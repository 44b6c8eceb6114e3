import type {
  DatasetManifest,
  Recipe,
  TrialSpec,
} from "../../protocol/study.ts";
import {
  d2lChecks,
  epochFigures,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import type { RecomputedFigures } from "../lease/trial.ts";

/**
 * The problems of a result as sentences; empty if it is a possible result of
 * this trial. Checks only what follows from the definitions, so that no honest
 * result is refused.
 *
 * @param reported The epochs that this attempt has reported.
 */
export function checkResult(
  spec: TrialSpec,
  result: TrialResult,
  reported: readonly EpochMetrics[],
): string[] {
  return [
    ...checkEpochNumbers(spec, result),
    ...result.epochs.flatMap(checkFigures),
    ...checkReported(result.epochs, reported),
    ...checkChecks(result),
  ];
}

function checkEpochNumbers(spec: TrialSpec, result: TrialResult): string[] {
  const { epochs: planned } = spec.recipe;
  const problems: string[] = [];
  const wrong = result.epochs.findIndex(({ epoch }, i) => epoch !== i + 1);
  if (wrong >= 0) {
    problems.push(
      `epochs are not numbered 1, 2, 3 …: ${result.epochs[wrong]?.epoch} ` +
        `is at position ${wrong + 1}`,
    );
  }
  switch (result.outcome) {
    case "trained":
      if (result.epochs.length !== planned) {
        problems.push(
          `a trained trial must have every epoch: it has ` +
            `${result.epochs.length} of ${planned}`,
        );
      }
      break;
    case "diverged":
      if (result.divergedAtEpoch > planned) {
        problems.push(
          `diverged in an epoch that the recipe does not have: ` +
            `${result.divergedAtEpoch} of ${planned}`,
        );
      }
      if (result.epochs.length !== result.divergedAtEpoch - 1) {
        problems.push(
          `a diverged trial must have all earlier epochs: ` +
            `${result.epochs.length} finished, diverged in ${result.divergedAtEpoch}`,
        );
      }
      break;
    default:
      result satisfies never;
  }
  return problems;
}

/** Largest finite 32-bit float, the upper bound of a mean loss. */
const FLOAT32_MAX = 3.4028234663852886e38;

/** Tolerance for sums of 32-bit floats; false figures differ by more. */
const TOLERANCE = 1e-3;

function checkFigures(m: EpochMetrics): string[] {
  const problems: string[] = [];
  for (
    const name of ["trainLoss", "trainLossDropoutOff", "testLoss"] as const
  ) {
    if (!(m[name] >= 0 && m[name] <= FLOAT32_MAX)) {
      problems.push(`epoch ${m.epoch}: ${name} is not a loss: ${m[name]}`);
    }
  }
  // For a wrong answer the correct class has a probability of at most 1/2
  // (another class has at least as much), so its loss is at least ln 2.
  const pairs = [
    ["trainLoss", m.trainLoss, "trainAccuracy", m.trainAccuracy],
    ["testLoss", m.testLoss, "testAccuracy", m.testAccuracy],
  ] as const;
  for (const [lossName, loss, accuracyName, accuracy] of pairs) {
    if (!(accuracy >= 0 && accuracy <= 1)) {
      problems.push(`epoch ${m.epoch}: ${accuracyName} is not between 0 and 1`);
    } else if (loss < (1 - accuracy) * Math.LN2 - TOLERANCE) {
      problems.push(
        `epoch ${m.epoch}: ${lossName} ${loss} is lower than ` +
          `${accuracyName} ${accuracy} allows`,
      );
    }
  }
  return problems;
}

function checkReported(
  epochs: readonly EpochMetrics[],
  reported: readonly EpochMetrics[],
): string[] {
  const final = new Map(epochs.map((m) => [m.epoch, m]));
  return reported.flatMap((before) => {
    const after = final.get(before.epoch);
    if (after === undefined) {
      return [
        `epoch ${before.epoch} was reported but is missing in the result`,
      ];
    }
    return epochFigures.filter((name) => before[name] !== after[name]).map((
      name,
    ) =>
      `epoch ${before.epoch}: ${name} was reported as ${before[name]} and is ` +
      `${after[name]} in the result`
    );
  });
}

function checkChecks(result: TrialResult): string[] {
  const final = result.epochs.at(-1);
  if (result.outcome !== "trained" || final === undefined) return [];
  const expected = d2lChecks(final);
  const names = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;
  return names.filter((name) => result.checks[name] !== expected[name])
    .map((name) =>
      `d2l's check of ${name} is given as ${result.checks[name]}, but the ` +
      `last epoch gives ${expected[name]}`
    );
}

/**
 * The published result: as delivered, but with the coordinator's own figures
 * from the final weights in the last epoch.
 */
export function publishedResult(
  result: TrialResult,
  recomputed: RecomputedFigures | null,
): TrialResult {
  const last = result.epochs.at(-1);
  if (
    recomputed === null || result.outcome !== "trained" || last === undefined
  ) return result;
  const { testLoss, testAccuracy } = recomputed;
  const final = { ...last, testLoss, testAccuracy };
  return {
    ...result,
    epochs: [...result.epochs.slice(0, -1), final],
    checks: d2lChecks(final),
  };
}

/** Bytes of an IDX file before its elements. */
const IMAGE_HEADER = 16;

const LABEL_HEADER = 8;

/** Size of the test set. */
export function testExamples(
  { files }: Pick<DatasetManifest, "files">,
): number {
  return files.testLabels.bytes - LABEL_HEADER;
}

/** Layer sizes of a recipe's network, from the pixels to the classes. */
export function networkSizes(
  { hiddenSizes }: Pick<Recipe, "hiddenSizes">,
  { classes, files }: DatasetManifest,
): readonly [number, number, number, number] {
  const images = testExamples({ files });
  const pixels = (files.testImages.bytes - IMAGE_HEADER) / images;
  return [pixels, ...hiddenSizes, classes];
}

/** Bytes of a network's weights and biases as float32. */
export function weightsBytes(
  recipe: Pick<Recipe, "hiddenSizes">,
  dataset: DatasetManifest,
): number {
  const [pixels, first, second, classes] = networkSizes(recipe, dataset);
  return 4 *
    ((pixels + 1) * first + (first + 1) * second + (second + 1) * classes);
}
