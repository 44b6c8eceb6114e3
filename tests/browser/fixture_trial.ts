import { StudyId, TrialId } from "../../coordinator/protocol/ids.ts";
import { Recipe } from "../../coordinator/protocol/study.ts";
import type {
  AttemptState,
  TrialView,
} from "../../coordinator/protocol/views.ts";
import { workerId } from "../../coordinator/swarm/fixtures.ts";

/** A trial whose attempts stand as named, without a result. */
export function trialFixture(
  { attempts }: { readonly attempts: readonly AttemptState[] },
): TrialView {
  const startedAt = "2026-01-01T00:00:00.000Z";
  return {
    trialId: TrialId.parse("seed-1a2b3c4d-d0.2-d0.5-r0"),
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
