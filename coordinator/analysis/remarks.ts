import type { MetricName, SeedRemark } from "../protocol/leaderboard.ts";
import type { Params, StudyDefinition } from "../protocol/study.ts";

/**
 * What the lesson behind the study (the "seed", one run a point, no repeats)
 * reports of its experiments, as data.
 */
export type Remark =
  & {
    readonly params: Params;
    readonly metric: MetricName;
  }
  & (
    /** A final figure, to so many decimals. */
    | {
      readonly kind: "value";
      readonly reported: number;
      readonly decimals: number;
    }
    /** A final figure below a number. */
    | { readonly kind: "below"; readonly reported: number }
    /** Higher, lower or about the same as at another point. */
    | { readonly kind: "higher" | "lower" | "same"; readonly against: Params }
    /** d2l's check of the training loss fails. */
    | { readonly kind: "fails-check" }
  );

/** A remark's figures, before it is put in words. */
export type CheckedRemark = Omit<SeedRemark, "says" | "words">;

const at = (dropout1: number, dropout2: number): Params => ({
  dropout1,
  dropout2,
});

const baseline = at(0.2, 0.5);

function value(params: Params, reported: number, decimals: number): Remark {
  return { kind: "value", params, metric: "trainLoss", reported, decimals };
}

function than(
  params: Params,
  kind: "higher" | "lower" | "same",
  against: Params,
  metric: MetricName = "trainLoss",
): Remark {
  return { kind, params, metric, against };
}

/** In the order of the lesson. */
export const remarks: readonly Remark[] = [
  value(baseline, 0.35, 2),
  value(at(0.5, 0.8), 0.45, 2),
  // Its words say lower, of 0.45 against 0.35.
  than(at(0.5, 0.8), "lower", baseline),
  than(at(0.5, 0.8), "higher", baseline, "lossArea"),
  than(at(0.5, 0.8), "higher", baseline, "testAccuracyFluctuation"),
  value(at(0.8, 0.3), 0.5419, 4),
  { kind: "fails-check", params: at(0.8, 0.3), metric: "trainLoss" },
  than(at(0.8, 0.3), "higher", at(0.5, 0.8), "lossArea"),
  {
    kind: "below",
    params: at(0.1, 0.3),
    metric: "trainLoss",
    reported: 0.35,
  },
  than(at(0.1, 0.3), "lower", baseline),
  than(at(0.1, 0.3), "lower", baseline, "lossArea"),
  than(at(0.1, 0.3), "lower", at(0.5, 0.8), "testAccuracyFluctuation"),
  than(at(0.3, 0.1), "same", at(0.1, 0.3)),
  than(at(0.3, 0.1), "same", at(0.1, 0.3), "testAccuracy"),
  value(at(0.02, 0.05), 0.3, 1),
  than(at(0.02, 0.05), "lower", at(0.1, 0.3), "lossArea"),
  than(at(0.02, 0.05), "lower", at(0.5, 0.8), "testAccuracyFluctuation"),
  value(at(0.2, 0.2), 0.38, 2),
  value(at(0.02, 0.02), 0.3, 1),
  // Said of 0.3 against its own 0.38.
  than(at(0.02, 0.02), "higher", at(0.2, 0.2)),
  than(at(0.02, 0.02), "lower", at(0.2, 0.2), "lossArea"),
  value(at(0.6, 0.6), 0.42, 2),
  than(at(0.6, 0.6), "higher", at(0.4, 0.4)),
  than(at(0.6, 0.6), "higher", at(0.4, 0.4), "lossArea"),
];

/** Whether a study trains as the lesson did, so that figures compare. */
export function trainsAsTheLesson(
  { dataset, recipe }: Pick<StudyDefinition, "dataset" | "recipe">,
): boolean {
  const { hiddenSizes: [first, second], epochs, batchSize } = recipe;
  return dataset === "fashion-mnist" && first === 256 && second === 256 &&
    epochs === 10 && batchSize === 256 && recipe.learningRate === 0.5 &&
    recipe.weightStd === 0.01;
}
