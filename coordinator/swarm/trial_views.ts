import type {
  AttemptView,
  TrialCurve,
  TrialSummary,
  TrialView,
  WorkerView,
} from "../protocol/views.ts";
import type {
  TrialBrief,
  TrialCurveRecord,
  TrialWithNames,
  WorkerListing,
} from "../storage/storage.ts";
import { publishedResult } from "../verification/published_result.ts";
import { trialsPerMinute } from "./progress.ts";
import { furthest, type Instant } from "./trial.ts";

/** Records of the storage as pages read them. */

export function trialSummary(brief: TrialBrief): TrialSummary {
  return {
    trialId: brief.trialId,
    studyId: brief.studyId,
    params: brief.params,
    replicate: brief.replicate,
    state: brief.state,
    attempts: brief.attempts,
    workerName: brief.workerName,
    backend: brief.backend,
    backendDetail: brief.backendDetail,
    startedAt: toIsoOrNull(brief.startedAt),
    endedAt: toIsoOrNull(brief.endedAt),
    epochsDone: brief.epochsDone,
    seconds: brief.seconds,
  };
}

export function trialCurve(record: TrialCurveRecord): TrialCurve {
  const { result, epochs } = record;
  return {
    ...trialSummary(record),
    outcome: result?.outcome ?? null,
    divergedAtEpoch: result?.outcome === "diverged"
      ? result.divergedAtEpoch
      : null,
    checks: result?.outcome === "trained" ? result.checks : null,
    epochs: [...epochs],
  };
}

export function trialView({ trial, names }: TrialWithNames): TrialView {
  const { spec, state } = trial;
  const accepted = trial.state === "completed" ? trial.accepted : null;
  const shown = accepted === null
    ? furthest(trial)
    : trial.attempts.find((a) => a.attempt === accepted.attempt);
  return {
    trialId: spec.trialId,
    studyId: spec.studyId,
    params: spec.params,
    replicate: spec.replicate,
    seed: spec.seed,
    recipe: spec.recipe,
    planned: trial.planned,
    state,
    workerName: shown === undefined ? null : names.get(shown.workerId) ?? null,
    backend: shown?.backend ?? null,
    backendDetail: shown?.backendDetail ?? null,
    startedAt: toIsoOrNull(shown?.startedAt ?? null),
    endedAt: shown === undefined || shown.state === "running"
      ? null
      : toIso(shown.endedAt),
    epochsDone: accepted?.result.epochs.length ?? shown?.epochs.length ?? 0,
    seconds: accepted?.result.seconds ?? null,
    result: accepted === null
      ? null
      : publishedResult(accepted.result, accepted.recomputed),
    acceptedAttempt: accepted?.attempt ?? null,
    attempts: trial.attempts.map((a): AttemptView => ({
      attempt: a.attempt,
      state: a.state,
      workerId: a.workerId,
      workerName: names.get(a.workerId) ?? "",
      backend: a.backend,
      backendDetail: a.backendDetail,
      startedAt: toIso(a.startedAt),
      endedAt: a.state === "running" ? null : toIso(a.endedAt),
      epochs: [...a.epochs],
      message: a.state === "failed" || a.state === "refused" ||
          a.state === "released"
        ? a.message
        : null,
    })),
  };
}

/** @param since Who was seen then or later, and has not left, is online. */
export function workerView(
  { worker, trialsRunning, trialsCompleted, recent }: WorkerListing,
  since: Instant,
  now: Instant,
): Omit<WorkerView, "deviation"> {
  return {
    workerId: worker.workerId,
    name: worker.name,
    kind: worker.kind,
    threads: worker.threads,
    device: worker.device,
    backend: worker.backend,
    backendDetail: worker.backendDetail,
    stepMilliseconds: worker.stepMilliseconds,
    trialsPerMinute: trialsPerMinute(recent, now),
    online: !worker.left && worker.lastSeenAt >= since,
    registeredAt: toIso(worker.registeredAt),
    lastSeenAt: toIso(worker.lastSeenAt),
    trialsRunning,
    trialsCompleted,
  };
}

function toIsoOrNull(instant: Instant | null): string | null {
  return instant === null ? null : toIso(instant);
}

function toIso(instant: Instant): string {
  return new Date(instant).toISOString();
}
