import {
  createAnalyser,
  type TrialOutcome,
} from "../../coordinator/analysis/analyser.ts";
import { referenceStudy } from "../../testing/studies/reference_study.ts";
import { squareStudy } from "../../testing/studies/square_study.ts";
import { Leaderboard, type Progress } from "../../protocol/leaderboard.ts";
import { StudyDefinition, type TrialSpec } from "../../protocol/study.ts";
import type * as z from "zod";
import { axesOf, formatValue } from "../../protocol/grid_point.ts";
import type { Grid } from "../../protocol/recipe.ts";
import { d2lChecks, type TrialResult } from "../../protocol/training.ts";
import { normals } from "../../testing/studies/simulated_study.ts";
import { planStudy } from "../../coordinator/study/plan.ts";

/**
 * Leaderboards to look at pages with, made by the product's own analysis: the
 * seed study with results drawn around PyTorch's, and squares of points whose
 * figures are made up and say nothing about dropout.
 */

/** How far the fixture's study is. */
export type Stage = "empty" | "running" | "complete";

const queued: TrialOutcome = { state: "queued", result: null };
const leased: TrialOutcome = { state: "leased", result: null };
const quarantined: TrialOutcome = { state: "quarantined", result: null };

/** The seed's fifteen points, three replicates each unless told otherwise. */
export function seedLeaderboard(
  stage: Stage,
  revision = 7,
  replicates = 3,
): Leaderboard {
  const { definition, trials, results } = referenceStudy({ replicates });
  const done = (trial: TrialSpec): TrialOutcome => ({
    state: "completed",
    result: results.get(trial.trialId) ?? null,
  });
  const pointOf = (i: number) => i % (trials.length / definition.replicates);
  return leaderboardOf(
    definition,
    trials,
    (trial, i) => {
      if (stage === "empty") return queued;
      if (stage === "complete") return done(trial);
      // Every state that a page must tell apart.
      const { dropout1, dropout2 } = trial.params;
      if (dropout1 === 0.8 && dropout2 === 0.5) return quarantined;
      if (dropout1 === 0.5 && dropout2 === 0.2 && trial.replicate === 2) {
        return { state: "completed", result: divergedResult };
      }
      if (trial.replicate < 2) return pointOf(i) === 13 ? leased : done(trial);
      return pointOf(i) < 6 ? done(trial) : pointOf(i) < 8 ? leased : queued;
    },
    revision,
  );
}

/** A square of `side` x `side` points, all done. */
export function gridLeaderboard(
  side: number,
  revision = 7,
  replicates = 1,
): Leaderboard {
  const { definition, trials, results } = squareStudy(side, replicates);
  return leaderboardOf(
    definition,
    trials,
    ({ trialId }) => ({
      state: "completed",
      result: results.get(trialId) ?? null,
    }),
    revision,
  );
}

/** A study over any axes; each of them moves the made-up figures a little. */
export function axesLeaderboard(
  grid: z.input<typeof Grid>,
  stage: Exclude<Stage, "empty"> = "complete",
  replicates = 4,
): Leaderboard {
  const { definition, trials } = planStudy(StudyDefinition.parse({
    id: "axes",
    title: { en: "A study of other axes", zh: "其他轴的研究" },
    searchSpace: { grid },
    replicates,
  }));
  const axes = axesOf(trials.map(({ params }) => params));
  const places = axes.map((axis) => {
    const values = [
      ...new Set(trials.map(({ params }) => formatValue(params[axis] ?? 0))),
    ];
    return ({ params }: TrialSpec) =>
      values.indexOf(formatValue(params[axis] ?? 0)) / values.length;
  });
  const normal = normals(1);
  return leaderboardOf(
    definition,
    trials,
    (trial, i) => {
      const place = places.reduce((sum, of) => sum + of(trial), 0) /
        places.length;
      const result = drawResult(place, trial.recipe.epochs, normal);
      if (stage === "running" && trial.replicate > 1) {
        return i % 3 === 0 ? leased : queued;
      }
      return { state: "completed", result };
    },
    7,
  );
}

/** Best at two thirds of the way along. */
function drawResult(
  place: number,
  count: number,
  normal: () => number,
): TrialResult {
  const worse = (place - 0.66) ** 2;
  const noise = 0.003 * normal();
  const epochs = Array.from({ length: count }, (_, i) => {
    const left = 1 / (i + 1) - 1 / count;
    const loss = 0.34 + 0.3 * worse + noise + 0.7 * left;
    return {
      epoch: i + 1,
      trainLoss: loss,
      trainAccuracy: 0.99 - 0.35 * loss,
      trainLossDropoutOff: loss - 0.03,
      testLoss: loss + 0.05,
      testAccuracy: 0.87 - 0.08 * worse - noise - 0.2 * left,
      seconds: 1,
    };
  });
  const last = epochs.at(-1);
  if (last === undefined) throw new RangeError("a recipe without epochs");
  return {
    outcome: "trained",
    epochs,
    backend: "simd",
    seconds: count,
    checks: d2lChecks(last),
  };
}

/** A study of a single point that nobody has trained yet. */
export function singleLeaderboard(): Leaderboard {
  const { definition, trials } = planStudy(StudyDefinition.parse({
    id: "single",
    title: { en: "One point", zh: "一个点" },
    searchSpace: { points: [{ dropout1: 0.2, dropout2: 0.5 }] },
    replicates: 1,
  }));
  return leaderboardOf(definition, trials, () => queued, 1);
}

/** A leaderboard without a single point, as a page must survive it. */
export function noPointsLeaderboard(): Leaderboard {
  const { study, progress } = singleLeaderboard();
  return Leaderboard.parse({
    study,
    progress: { ...progress, total: 0, queued: 0 },
    rows: [],
    verdicts: [],
    swaps: [],
    remarks: [],
    summary: { en: "", zh: "" },
    revision: 0,
  });
}

function leaderboardOf(
  definition: StudyDefinition,
  trials: readonly TrialSpec[],
  outcomeOf: (trial: TrialSpec, index: number) => TrialOutcome,
  revision: number,
): Leaderboard {
  const analyser = createAnalyser(definition, trials);
  const counts = {
    queued: 0,
    leased: 0,
    verifying: 0,
    completed: 0,
    quarantined: 0,
  };
  trials.forEach((trial, i) => {
    const outcome = outcomeOf(trial, i);
    counts[outcome.state] += 1;
    analyser.set(trial.trialId, outcome);
  });
  const { verifying, ...others } = counts;
  const left = counts.queued + counts.leased + verifying;
  const progress: Progress = {
    total: trials.length,
    ...others,
    complete: left === 0,
    standstill: null,
    workersOnline: counts.leased > 0 ? 4 : 0,
    trialsPerMinute: counts.completed === 0 ? null : 3.4,
    secondsLeft: counts.completed === 0 ? null : left * 26,
  };
  return Leaderboard.parse(analyser.leaderboard(progress, revision));
}

const divergedResult: TrialResult = {
  outcome: "diverged",
  epochs: [],
  backend: "simd",
  seconds: 1,
  divergedAtEpoch: 1,
};
