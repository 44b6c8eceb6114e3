import type { BackendName, EpochMetrics } from "../protocol/training.ts";
import type { Trust } from "../storage/storage.ts";
import type { Repetition } from "./verifier_api.ts";

/**
 * When a result's training is repeated, how far, and what counts as the same.
 * Weights prove their own figures and no more: that they were trained at the
 * grid point, from the replicate's key, only training again can show. Pure:
 * chance arrives as numbers.
 */

/** However long a worker's record, so large a share of its results is checked. */
const LEAST_SHARE = 0.05;
/** Results that must be true, each of them checked, after a lie. */
const PROBATION = 10;
/** Share of the checks that repeat the whole trial, not its first epoch. */
const WHOLE_SHARE = 0.1;

/**
 * The chance with which a worker's next result on a backend is checked: always
 * for the first, then less with each result that was true, never nothing.
 */
export function checkProbability({ accepted, lies }: Trust): number {
  const record = Math.max(0, accepted - PROBATION * lies);
  return Math.max(LEAST_SHARE, 1 / (1 + record));
}

/**
 * First epochs to repeat; 0: this result is not checked.
 *
 * @param chances Two numbers, uniform in [0, 1), that nobody can foresee.
 */
export function epochsToRepeat(
  trust: Trust,
  epochs: number,
  [whether, howFar]: readonly [number, number],
): number {
  if (whether >= checkProbability(trust)) return 0;
  return howFar < WHOLE_SHARE ? epochs : 1;
}

/** Figures of an epoch that are compared. */
const figures = [
  "trainLoss",
  "trainAccuracy",
  "trainLossDropoutOff",
  "testLoss",
  "testAccuracy",
] as const;

/** How far an honest epoch's figure may lie from its repetition's. */
export type Drift = Readonly<Record<typeof figures[number], number>>;

/**
 * Between backends: some five times what was measured, see
 * docs/verification.md. They add in different orders, training makes more of
 * each difference with every step, and figures of moving weights, averaged over
 * an epoch, drift least.
 */
const FIRST_EPOCH: Drift = {
  trainLoss: 0.01,
  trainAccuracy: 0.012,
  trainLossDropoutOff: 0.1,
  testLoss: 0.1,
  testAccuracy: 0.05,
};
/** Only gross differences tell. */
const LATER_EPOCHS: Drift = {
  trainLoss: 0.05,
  trainAccuracy: 0.03,
  trainLossDropoutOff: 0.3,
  testLoss: 0.3,
  testAccuracy: 0.2,
};
/** The same kernels on the same kind of engine repeat every bit. */
const SAME: Drift = {
  trainLoss: 1e-6,
  trainAccuracy: 1e-6,
  trainLossDropoutOff: 1e-6,
  testLoss: 1e-6,
  testAccuracy: 1e-6,
};

/** What trained, as exactly as it says. */
export interface TrainedOn {
  readonly backend: BackendName;
  readonly backendDetail: string | null;
}

/** How far figures of an epoch, counted from 1, may lie apart. */
export function allowedDrift(a: TrainedOn, b: TrainedOn, epoch: number): Drift {
  if (a.backend === b.backend && a.backendDetail === b.backendDetail) {
    return SAME;
  }
  return epoch === 1 ? FIRST_EPOCH : LATER_EPOCHS;
}

/**
 * What tells a worker's epochs from their repetition, in sentences; nothing:
 * they are of the same training.
 */
export function compareRepetition(
  claimed: readonly EpochMetrics[],
  { outcome, epochs }: Repetition,
  drift: (epoch: number) => Drift,
): string[] {
  if (outcome === "diverged" && epochs.length < claimed.length) {
    return [
      `the trial was repeated and diverged after ${epochs.length} epochs`,
    ];
  }
  return epochs.flatMap((repeated, i) => {
    const claim = claimed[i];
    if (claim === undefined) return [];
    const allowed = drift(repeated.epoch);
    return figures.filter((name) =>
      !(Math.abs(claim[name] - repeated[name]) <= allowed[name])
    ).map((name) =>
      `epoch ${repeated.epoch}: ${name} is given as ${claim[name]} and came ` +
      `to ${repeated[name]} when the training was repeated`
    );
  });
}
