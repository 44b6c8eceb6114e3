import {
  createAnalyser,
  type TrialOutcome,
} from "../../coordinator/analysis/analyser.ts";
import { referenceStudy } from "../../testing/studies/reference_study.ts";
import { squareStudy } from "../../testing/studies/square_study.ts";
import { Leaderboard, type Progress } from "../../protocol/leaderboard.ts";
import { StudyDefinition, type TrialSpec } from "../../protocol/study.ts";
import type { TrialResult } from "../../protocol/training.ts";
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
