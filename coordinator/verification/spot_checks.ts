import {
  epochFigures,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import { median } from "../analysis/statistics/statistics.ts";
import type { Delivery, RecomputedFigures } from "../lease/trial.ts";
import type { Trust } from "../storage/storage.ts";
import type { Repetition, TrainedOn } from "./verifier_api.ts";

/**
 * Decides when a result's training is repeated, for how many epochs, and which
 * differences are allowed. Weights prove only their own test figures; only a
 * repeated training can show that they were trained at this grid point with the
 * replicate's key. Pure: random numbers are arguments.
 */

/** Minimum share of results that are checked, even with a long record. */
const LEAST_SHARE = 0.05;

/** True results in a row, all checked, that are needed after a false one. */
const PROBATION = 10;

/** Share of later checks that repeat the whole trial, not one epoch. */
const WHOLE_SHARE = 0.25;

/**
 * The probability that a worker's next result on a backend is checked: 1 for
 * the first result, then lower after each true result, but never 0.
 */
export function checkProbability({ accepted, lies }: Trust): number {
  const record = Math.max(0, accepted - PROBATION * lies);
  return Math.max(LEAST_SHARE, 1 / (1 + record));
}

/**
 * Number of first epochs to repeat; 0: this result is not checked. The whole
 * trial is repeated for a new worker, after a false result, if the worker does
 * not say which kernels it has, and sometimes later, because only the first
 * epoch of a false result may be honest.
 *
 * @param told Whether the worker's kernels are known.
 * @param chances Two unpredictable numbers, uniform in [0, 1).
 */
export function epochsToRepeat(
  trust: Trust,
  epochs: number,
  told: boolean,
  [whether, howFar]: readonly [number, number],
): number {
  const probability = checkProbability(trust);
  if (whether >= probability) return 0;
  return probability === 1 || !told || howFar < WHOLE_SHARE ? epochs : 1;
}

/**
 * Whether two trainings of one trial give the same bits: true for our own
 * kernels, whose description includes the processor's rounding, the only
 * difference between devices.
 */
export function sameBits(a: TrainedOn, b: TrainedOn): boolean {
  return a.backend === "simd" && b.backend === "simd" &&
    a.backendDetail !== null && a.backendDetail === b.backendDetail;
}

/** Whether a worker says all that decides its bits. */
export function tellsKernels(on: TrainedOn): boolean {
  return on.backend !== "simd" || on.backendDetail !== null;
}

/** A share of each figure: of a loss, or of the wrong answers. */
export type Drift = Readonly<Record<typeof epochFigures[number], number>>;

/**
 * Allowed differences between backends: about five times the largest ones of
 * ordinary runs, see docs/verification.md. Backends add in different orders, and
 * each training step amplifies the differences. Without dropout a run leaps now
 * and then, on one backend and not on the other; so a single epoch shows little,
 * and of a whole trial the median over its epochs is compared.
 */
const BACKEND_DRIFT = {
  firstEpoch: {
    trainLoss: 0.1,
    trainAccuracy: 0.1,
    trainLossDropoutOff: 1,
    testLoss: 1,
    testAccuracy: 1,
  },
  median: {
    trainLoss: 0.1,
    trainAccuracy: 0.1,
    trainLossDropoutOff: 0.6,
    testLoss: 0.4,
    testAccuracy: 0.5,
  },
  /** By how much the last test figures may be better than all repeated ones. */
  better: { testLoss: 0.15, testAccuracy: 0.2 },
} as const satisfies {
  readonly firstEpoch: Drift;
  readonly median: Drift;
  readonly better: Partial<Drift>;
};

/** Allowed of any figure, for those that are nearly 0. */
const SMALL_DRIFT = 0.005;

/** Fewer epochs have no median to rely on. */
const FEW_EPOCHS = 3;

/**
 * A run that leaps may differ from the same run on another backend as long as it
 * takes to recover: by this many times its roughness. A claim's own leaps, which
 * may be invented, allow it only worse figures.
 */
const ROUGH = 2;

/** For equal bits, after conversion to decimal and back. */
const NO_DRIFT = 1e-9;

/**
 * Differences between a delivered result and the repetition of its training, as
 * sentences; empty if they agree. For the operator alone: whoever knows the
 * true figures can deliver them without training.
 *
 * @param whole Whether the whole trial was repeated.
 * @param same Whether an honest repetition gives the same bits.
 */
export function compareRepetition(
  { result, weights }: Delivery,
  repetition: Repetition,
  { whole, same }: { readonly whole: boolean; readonly same: boolean },
): string[] {
  const { epochs: claimed } = result;
  const { outcome, epochs: repeated } = repetition;
  const pairs = repeated.flatMap((b, i) => {
    const a = claimed[i];
    return a === undefined ? [] : [[a, b] as const];
  });
  const problems: string[] = [];
  if (outcome !== result.outcome && (whole || outcome === "diverged")) {
    problems.push(`the trial is given as ${result.outcome}, but ${outcome}`);
  }
  if (same) {
    problems.push(...pairs.flatMap(differences));
    if (!whole) return problems;
    if (repeated.length !== claimed.length) {
      problems.push(
        `${claimed.length} epochs are given, but there were ${repeated.length}`,
      );
    }
    if (repetition.weights !== weights) {
      problems.push("the final weights are other ones");
    }
    return problems;
  }
  if (pairs.length === 0) return problems;
  const drift = pairs.length < FEW_EPOCHS ? "firstEpoch" : "median";
  for (const name of epochFigures) {
    const found = median(
      pairs.map(([a, b]) => badness(a, name) - badness(b, name)),
    );
    const share = SMALL_DRIFT + BACKEND_DRIFT[drift][name] *
        median(repeated.map((m) => badness(m, name)));
    const least = -share - ROUGH * roughness(repeated, name);
    const most = share +
      ROUGH * Math.max(roughness(repeated, name), roughness(claimed, name));
    if (!(found >= least && found <= most)) {
      problems.push(
        `${name} is worse by ${found}; from ${least} to ${most} is allowed`,
      );
    }
  }
  const last = claimed.at(-1);
  if (!whole || last === undefined) return problems;
  for (const name of ["testLoss", "testAccuracy"] as const) {
    // The best epoch of the repetition, whose last one may be a bad one.
    const best = Math.min(...repeated.map((m) => badness(m, name)));
    const least = best * (1 - BACKEND_DRIFT.better[name]) - SMALL_DRIFT -
      ROUGH * roughness(repeated, name);
    if (!(badness(last, name) >= least)) {
      problems.push(`the last ${name} is better than all: ${last[name]}`);
    }
  }
  return problems;
}

/** A loss, or the share of wrong answers: better is lower. */
function badness(m: EpochMetrics, name: keyof Drift): number {
  return name === "trainAccuracy" || name === "testAccuracy"
    ? 1 - m[name]
    : m[name];
}

function differences(
  [claim, repeated]: readonly [EpochMetrics, EpochMetrics],
): string[] {
  return epochFigures.filter((name) =>
    !(Math.abs(claim[name] - repeated[name]) <= NO_DRIFT)
  ).map((name) =>
    `epoch ${repeated.epoch}: ${name} is given as ${claim[name]}, but the ` +
    `repeated training gave ${repeated[name]}`
  );
}

/** How much worse a figure became from epoch to epoch, on average. */
function roughness(epochs: readonly EpochMetrics[], name: keyof Drift): number {
  const bad = epochs.map((m) => badness(m, name));
  const rises = bad.slice(1).map((b, i) => Math.max(0, b - (bad[i] ?? b)));
  return rises.reduce((sum, rise) => sum + rise, 0) / Math.max(1, rises.length);
}

/**
 * Allowed differences between a worker's last test figures and those that the
 * coordinator computes from the same weights. Backends add in different orders:
 * measured differences are below 1e-6 in loss and 0 in accuracy, see
 * docs/verification.md. The coordinator's figures are published, so a false
 * figure within the tolerance has no effect.
 */
export const RECOMPUTE_TOLERANCE = {
  /** Relative to the larger of the loss and 1. */
  loss: 1e-3,
  /** A share of the test set. */
  accuracy: 5e-4,
  /** Correct answers that may differ on a test set of any size. */
  answers: 1,
} as const;

/**
 * Differences between a trained result and the figures of its weights, as
 * sentences; empty if they agree.
 *
 * @param testExamples Size of the test set.
 */
export function compareFigures(
  result: TrialResult,
  recomputed: RecomputedFigures,
  testExamples: number,
): string[] {
  const last = result.epochs.at(-1);
  if (last === undefined) return ["a result with weights has no epoch"];
  const { testLoss, testAccuracy } = recomputed;
  if (!Number.isFinite(testLoss)) {
    return ["the weights give no finite loss"];
  }
  const { loss, accuracy, answers } = RECOMPUTE_TOLERANCE;
  const problems: string[] = [];
  if (Math.abs(last.testLoss - testLoss) > loss * Math.max(1, testLoss)) {
    problems.push(
      `testLoss is given as ${last.testLoss} but the weights give ${testLoss}`,
    );
  }
  const allowed = Math.max(accuracy, (answers + 0.5) / testExamples);
  if (Math.abs(last.testAccuracy - testAccuracy) > allowed) {
    problems.push(
      `testAccuracy is given as ${last.testAccuracy} but the weights give ` +
        `${testAccuracy}`,
    );
  }
  return problems;
}
