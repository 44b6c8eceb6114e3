import type { Progress } from "../../protocol/leaderboard.ts";
import type { TrialId } from "../../protocol/ids.ts";
import type { StudyDefinition, TrialSpec } from "../../protocol/study.ts";
import { d2lChecks, type TrialResult } from "../../protocol/training.ts";
import { seedStudy } from "../../coordinator/study/builtin.ts";
import {
  planStudy,
  type StudyOverrides,
} from "../../coordinator/study/plan.ts";
import {
  type Analyser,
  createAnalyser,
} from "../../coordinator/analysis/analyser.ts";
import { pointKey } from "../../protocol/grid_point.ts";
import {
  guessedPoints,
  type ReferencePoint,
  referencePoints,
} from "./reference_points.ts";
import { normals } from "./simulated_study.ts";

const byKey = new Map(
  [...referencePoints, ...guessedPoints].map((point) => [
    pointKey(point.params),
    point,
  ]),
);

const share = (value: number) => Math.round(value * 1e4) / 1e4;

/** A plausible result of a trial, drawn around the reference. */
function drawResult(
  point: ReferencePoint,
  effect: number,
  normal: () => number,
): TrialResult {
  // A third of the variance is common to all points of a replicate.
  const draw = ({ mean, sd }: { mean: number; sd: number }) =>
    mean + sd * (Math.sqrt(1 / 3) * effect + Math.sqrt(2 / 3) * normal());
  const final = {
    trainLoss: draw(point.trainLoss),
    trainAccuracy: share(draw(point.trainAccuracy)),
    testAccuracy: share(draw(point.testAccuracy)),
    testLoss: draw(point.testLoss),
  };
  const epochs = point.epochs.map((loss, index) => {
    const last = index === point.epochs.length - 1;
    const pace = loss / point.trainLoss.mean;
    const wobble = last ? 0 : 0.01 * normal();
    return {
      epoch: index + 1,
      trainLoss: final.trainLoss * pace,
      trainAccuracy: share(1 - (1 - final.trainAccuracy) * pace ** 0.9),
      trainLossDropoutOff: (final.testLoss - 0.07) * pace ** 0.6,
      testLoss: final.testLoss * pace ** 0.5,
      testAccuracy: share(
        1 - (1 - final.testAccuracy) * pace ** 0.8 + wobble,
      ),
      seconds: 3,
    };
  });
  return {
    outcome: "trained",
    epochs,
    backend: "simd",
    seconds: 30,
    checks: d2lChecks(final),
  };
}

/** A study with results like PyTorch's, in the order of its trials. */
export interface ReferenceStudy {
  readonly definition: StudyDefinition;
  readonly trials: readonly TrialSpec[];
  readonly results: ReadonlyMap<TrialId, TrialResult>;
}

/** Draws the seed study or a part of it with a fixed seed. */
export function referenceStudy(
  overrides: StudyOverrides = {},
  seed = 1,
): ReferenceStudy {
  const { definition, trials } = planStudy(seedStudy, overrides);
  const normal = normals(seed);
  const effects = Array.from({ length: definition.replicates }, normal);
  const results = new Map(
    trials.map(({ trialId, params, replicate }) => {
      const point = byKey.get(pointKey(params));
      if (point === undefined) throw new RangeError(pointKey(params));
      const result = drawResult(point, effects[replicate] ?? 0, normal);
      return [trialId, result];
    }),
  );
  return { definition, trials, results };
}

/** The progress with this many completed trials. */
export function progressOf(
  total: number,
  completed: number,
  quarantined = 0,
): Progress {
  return {
    total,
    completed,
    leased: 0,
    queued: total - completed - quarantined,
    quarantined,
    complete: completed + quarantined === total,
    standstill: null,
    workersOnline: 1,
    trialsPerMinute: 2,
    secondsLeft: 30 * (total - completed - quarantined),
  };
}

/** An analyser with the first `count` results of the study. */
export function analyserOf(
  { definition, trials, results }: ReferenceStudy,
  count = trials.length,
): Analyser {
  const analyser = createAnalyser(definition, trials);
  for (const { trialId } of trials.slice(0, count)) {
    const result = results.get(trialId) ?? null;
    analyser.set(trialId, { state: "completed", result });
  }
  return analyser;
}
