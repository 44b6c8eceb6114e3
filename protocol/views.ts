import * as z from "zod";
import { type Infer, StudyId, TrialId, WorkerId } from "./ids.ts";
import { Comparison, LeaderboardRow, Progress } from "./leaderboard.ts";
import { DatasetManifest, Params, Recipe, StudyDefinition } from "./study.ts";
import {
  BackendName,
  D2lChecks,
  EpochMetrics,
  TrialResult,
} from "./training.ts";
import { untrustedText, UserText } from "./text.ts";

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
  /** Its result failed the checks. */
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
  workerName: untrustedText(),
  backend: BackendName,
  /** What the backend says about itself, as its worker reported it. */
  backendDetail: untrustedText().nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** Epochs reported so far. */
  epochs: z.array(EpochMetrics),
  message: untrustedText().nullable(),
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
  workerName: untrustedText().nullable(),
  backend: BackendName.nullable(),
  backendDetail: untrustedText().nullable(),
  /** Start of that attempt; null without one. */
  startedAt: z.iso.datetime().nullable(),
  /** Null while it runs. */
  endedAt: z.iso.datetime().nullable(),
  epochsDone: z.int().min(0),
  /** Training time of the accepted result. */
  seconds: z.number().nullable(),
});

export type TrialView = Infer<typeof TrialView>;
/** @internal */
export const TrialView = TrialSummary.omit({ attempts: true }).extend({
  /** False: it left its study's plan and no longer counts. */
  planned: z.boolean(),
  seed: z.int(),
  recipe: Recipe,
  result: TrialResult.nullable(),
  /** Number of the attempt that gave the result. */
  acceptedAttempt: z.int().min(1).nullable(),
  /** In the order of their numbers. */
  attempts: z.array(AttemptView),
});

/** A trial with its figures by epoch. */
export type TrialCurve = Infer<typeof TrialCurve>;
/** @internal */
export const TrialCurve = TrialSummary.extend({
  /** Of the accepted result; null without one, as the two below. */
  outcome: z.enum(["trained", "diverged"]).nullable(),
  /** Also null if the trial trained to its end. */
  divergedAtEpoch: z.int().min(1).nullable(),
  checks: D2lChecks.nullable(),
  /** Of the accepted result, or else those that the running attempt reported. */
  epochs: z.array(EpochMetrics),
});

/** Every planned trial of a study, in the order in which they are leased. */
export type CurveList = Infer<typeof CurveList>;
/** @internal */
export const CurveList = z.strictObject({ trials: z.array(TrialCurve) });

/** A grid point: its figures, its trials, and the point with swapped rates. */
export type PointView = Infer<typeof PointView>;
/** @internal */
export const PointView = z.strictObject({
  studyId: StudyId,
  title: UserText,
  recipe: Recipe,
  row: LeaderboardRow,
  /** By replicate. */
  trials: z.array(TrialCurve),
  /** The point with the two rates swapped, where the study has it. */
  swapped: LeaderboardRow.nullable(),
  /** The verdicts' comparisons of these two points. */
  comparisons: z.array(Comparison),
});

/** How far results lie from all others' at the same grid points. */
export type Deviation = Infer<typeof Deviation>;
/** @internal */
export const Deviation = z.strictObject({
  /** The figure that deviates more. */
  figure: z.enum(["trainLoss", "testLoss"]),
  chiSquare: z.number(),
  /** Grid points where others have results too: the degrees of freedom. */
  points: z.int().min(1),
  /** Accepted results at these points. */
  results: z.int().min(1),
  /** Probability by chance, adjusted for all comparisons (Bonferroni). */
  pValue: z.number(),
  /** Whether it is more than chance explains. */
  odd: z.boolean(),
});

export type WorkerView = Infer<typeof WorkerView>;
/** @internal */
export const WorkerView = z.strictObject({
  workerId: WorkerId,
  name: untrustedText(),
  kind: z.enum(["deno", "browser"]),
  threads: z.int().min(1),
  device: untrustedText().nullable(),
  backend: BackendName.nullable(),
  backendDetail: untrustedText().nullable(),
  /** A training step's time as the worker measured it on joining. */
  stepMilliseconds: z.number().nullable(),
  /** Accepted results, over the last quarter of an hour or three trials. */
  trialsPerMinute: z.number().nullable(),
  online: z.boolean(),
  registeredAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  trialsRunning: z.int().min(0),
  /** Accepted results, each counted once. */
  trialsCompleted: z.int().min(0),
  /** In the active study; null: nothing to compare. */
  deviation: Deviation.nullable(),
});

/** Which workers come first: the last seen, or those with most results. */
export type WorkerOrder = Infer<typeof WorkerOrder>;
/** @internal */
export const WorkerOrder = z.enum(["seen", "results"]);

/** Which trials come first: as they are leased, or what changed last. */
export type TrialOrder = Infer<typeof TrialOrder>;
/** @internal */
export const TrialOrder = z.enum(["leasing", "latest"]);

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
  /** Workers that `show` selects, before limit and offset. */
  total: z.int().min(0),
  /** Backends of the active study's results. */
  backends: z.array(z.strictObject({
    backend: BackendName,
    results: z.int().min(1),
    /** Null: nothing to compare. */
    deviation: Deviation.nullable(),
  })),
});

export type Health = Infer<typeof Health>;
/** @internal */
export const Health = z.strictObject({
  status: z.literal("ok"),
  protocolVersion: z.int(),
  /** The study leased out now. */
  study: StudyId.nullable(),
});

/** Sent to open pages, which then fetch their data again. */
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
