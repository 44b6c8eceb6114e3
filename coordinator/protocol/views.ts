import * as z from "zod";
import { StudyId, TrialId, WorkerId } from "./ids.ts";
import type { Infer } from "./infer.ts";
import { Progress } from "./leaderboard.ts";
import { DatasetManifest, Params, StudyDefinition } from "./study.ts";
import { BackendName, EpochMetrics, TrialResult } from "./training.ts";

/** What pages read besides the leaderboard. */

/** Where a trial stands. */
export type TrialState = Infer<typeof TrialState>;
/** @internal */
export const TrialState = z.enum([
  "queued",
  "leased",
  /** A result was delivered; it counts once it is recomputed. */
  "verifying",
  "completed",
  "quarantined",
]);

export type AttemptState = Infer<typeof AttemptState>;
/** @internal */
export const AttemptState = z.enum([
  "running",
  /** Its result waits to be verified. */
  "delivered",
  "completed",
  "released",
  "failed",
  /** Its result did not stand up to its checks. */
  "refused",
  "expired",
  /** Another attempt's result was accepted first. */
  "superseded",
]);

export type AttemptView = Infer<typeof AttemptView>;
/** @internal */
export const AttemptView = z.strictObject({
  attempt: z.int().min(1),
  state: AttemptState,
  workerId: WorkerId,
  workerName: z.string(),
  backend: BackendName,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** Epochs reported so far. */
  epochs: z.array(EpochMetrics),
  message: z.string().nullable(),
});

export type TrialSummary = Infer<typeof TrialSummary>;
/** @internal */
export const TrialSummary = z.strictObject({
  trialId: TrialId,
  studyId: StudyId,
  params: Params,
  replicate: z.int().min(0),
  state: TrialState,
  attempts: z.int().min(0),
  /** Worker of the running or the accepted attempt. */
  workerName: z.string().nullable(),
  backend: BackendName.nullable(),
  epochsDone: z.int().min(0),
  seconds: z.number().nullable(),
});

export type TrialView = Infer<typeof TrialView>;
/** @internal */
export const TrialView = TrialSummary.omit({ attempts: true }).extend({
  result: TrialResult.nullable(),
  attempts: z.array(AttemptView),
});

export type WorkerView = Infer<typeof WorkerView>;
/** @internal */
export const WorkerView = z.strictObject({
  workerId: WorkerId,
  name: z.string(),
  kind: z.enum(["deno", "browser"]),
  threads: z.int().min(1),
  device: z.string().nullable(),
  backend: BackendName.nullable(),
  backendDetail: z.string().nullable(),
  online: z.boolean(),
  lastSeenAt: z.iso.datetime(),
  trialsRunning: z.int().min(0),
  /** Accepted results, each counted once. */
  trialsCompleted: z.int().min(0),
});

export type StudyView = Infer<typeof StudyView>;
/** @internal */
export const StudyView = z.strictObject({
  id: StudyId,
  /** The one that this coordinator leases out now. */
  active: z.boolean(),
  trials: z.int().min(0),
  completed: z.int().min(0),
});

export type StudyList = Infer<typeof StudyList>;
/** @internal */
export const StudyList = z.strictObject({ studies: z.array(StudyView) });

export type StudyDetail = Infer<typeof StudyDetail>;
/** @internal */
export const StudyDetail = z.strictObject({
  definition: StudyDefinition,
  active: z.boolean(),
  progress: Progress,
  revision: z.int().min(0),
  /** What a worker downloads; null for a study that is not leased out now. */
  dataset: DatasetManifest.nullable(),
});

/** Trials from `offset` on, and how many there are in all. */
export type TrialPage = Infer<typeof TrialPage>;
/** @internal */
export const TrialPage = z.strictObject({
  trials: z.array(TrialSummary),
  total: z.int().min(0),
});

export type WorkerList = Infer<typeof WorkerList>;
/** @internal */
export const WorkerList = z.strictObject({
  workers: z.array(WorkerView),
  online: z.int().min(0),
});

export type Health = Infer<typeof Health>;
/** @internal */
export const Health = z.strictObject({
  status: z.literal("ok"),
  protocolVersion: z.int(),
  /** The study leased out now. */
  study: StudyId.nullable(),
});

/** Sent to open pages; they fetch what they show again. */
export type SwarmEvent = Infer<typeof SwarmEvent>;
/** @internal */
export const SwarmEvent = z.discriminatedUnion("type", [
  z.strictObject({
    /** Leaderboard or progress changed; at most a few a second. */
    type: z.literal("changed"),
    studyId: StudyId,
    revision: z.int().min(0),
  }),
  z.strictObject({
    /** An epoch was reported. */
    type: z.literal("epoch"),
    trialId: TrialId,
    params: Params,
    replicate: z.int().min(0),
    metrics: EpochMetrics,
  }),
]);
