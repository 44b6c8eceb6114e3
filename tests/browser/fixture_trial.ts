import { pointKey } from "../../protocol/grid_point.ts";
import { StudyId, TrialId } from "../../protocol/ids.ts";
import { Recipe } from "../../protocol/study.ts";
import type { Leaderboard } from "../../protocol/leaderboard.ts";
import type {
  AttemptState,
  TrialPage,
  TrialSummary,
  TrialView,
} from "../../protocol/views.ts";
import { workerId } from "../../testing/lease/fixtures.ts";

/** A trial whose attempts stand as named, without a result. */
export function trialFixture(
  { attempts }: { readonly attempts: readonly AttemptState[] },
): TrialView {
  const startedAt = "2026-01-01T00:00:00.000Z";
  return {
    trialId: TrialId.parse("seed-1a2b3c4d-d1_0.2-d2_0.5-r0"),
    studyId: StudyId.parse("seed"),
    params: { dropout1: 0.2, dropout2: 0.5 },
    replicate: 0,
    state: attempts.includes("running") ? "leased" : "queued",
    workerName: null,
    backend: null,
    backendDetail: null,
    startedAt: null,
    endedAt: null,
    epochsDone: 0,
    seconds: null,
    planned: true,
    seed: 0,
    recipe: Recipe.parse({}),
    result: null,
    acceptedAttempt: null,
    attempts: attempts.map((state, i) => ({
      attempt: i + 1,
      state,
      workerId: workerId(i),
      workerName: `worker ${i}`,
      backend: "simd",
      backendDetail: null,
      startedAt,
      endedAt: state === "running" ? null : "2026-01-01T00:01:00.000Z",
      epochs: [],
      message: null,
    })),
  };
}

/** Trials of a leaderboard's rows, in the states that the rows count. */
export function trialsOf({ study, rows }: Leaderboard): TrialSummary[] {
  return rows.flatMap((row) => {
    const done = row.replicatesDone;
    const running = done + row.replicatesRunning;
    const aside = running + row.replicatesQuarantined;
    return Array.from({ length: row.replicatesPlanned }, (_, replicate) => {
      const state = replicate < done
        ? "completed"
        : replicate < running
        ? "leased"
        : replicate < aside
        ? "quarantined"
        : "queued";
      const taken = state === "completed" || state === "leased";
      return {
        trialId: TrialId.parse(
          `${study.id}-1a2b3c4d-${pointKey(row.params)}-r${replicate}`,
        ),
        studyId: study.id,
        params: row.params,
        replicate,
        state,
        attempts: taken ? 1 : 0,
        workerName: taken ? `worker ${replicate}` : null,
        backend: taken ? "simd" : null,
        backendDetail: null,
        startedAt: taken ? "2026-01-01T00:00:00.000Z" : null,
        endedAt: state === "completed" ? "2026-01-01T00:01:00.000Z" : null,
        epochsDone: state === "completed" ? study.recipe.epochs : 0,
        seconds: state === "completed" ? 60 : null,
      };
    });
  });
}

/** A page of them, as a coordinator answers the query. */
export function trialPageOf(
  leaderboard: Leaderboard,
  query: URLSearchParams,
): TrialPage {
  const state = query.get("state");
  const trials = trialsOf(leaderboard)
    .filter((trial) => state === null || trial.state === state);
  const offset = Number(query.get("offset") ?? 0);
  const limit = Number(query.get("limit") ?? 1000);
  return {
    trials: trials.slice(offset, offset + limit),
    total: trials.length,
  };
}
