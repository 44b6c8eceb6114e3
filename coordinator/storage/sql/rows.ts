import * as z from "zod";
import { changedFields } from "../../../protocol/grid_point.ts";
import {
  LeaseId,
  Sha256,
  StudyId,
  TrialId,
  WorkerId,
} from "../../../protocol/ids.ts";
import {
  type Recipe,
  StudyDefinition,
  TrialSpec,
} from "../../../protocol/study.ts";
import { untrustedText } from "../../../protocol/text.ts";
import {
  BackendName,
  EpochMetrics,
  TrialResult,
} from "../../../protocol/training.ts";
import { TrialState } from "../../../protocol/views.ts";
import type { RecomputedFigures } from "../../lease/trial.ts";
import { publishedResult } from "../../verification/check_result.ts";
import type {
  Acceptance,
  HeldLease,
  ReportedEpoch,
  TrialBrief,
  TrialChange,
  TrialCurveRecord,
  WorkerListing,
  WorkerRecord,
} from "../storage.ts";
import { UnreadableValue } from "./unreadable.ts";

/** Parses rows of the tables into the program's types. */

/** PostgreSQL has booleans, SQLite has numbers. */
const Flag = z.union([z.boolean(), z.literal(0), z.literal(1)])
  .transform((flag) => flag === true || flag === 1);

/**
 * Parses a value that was validated before it was stored: if it is invalid, a
 * newer version has stored it.
 */
function json<T extends z.ZodType>(schema: T) {
  return z.string().transform((text): z.output<T> => {
    const value: unknown = JSON.parse(text);
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new UnreadableValue(value, parsed.error);
  });
}

/**
 * A spec or a definition as text. Recipe fields with default values are left
 * out, so that a coordinator that does not know a new field can read what the
 * next version stores, unless the field is used.
 */
function recipeJson(value: { readonly recipe: Recipe }): string {
  return JSON.stringify({ ...value, recipe: changedFields(value.recipe) });
}

export const storedSpec: (spec: TrialSpec) => string = recipeJson;
export const storedDefinition: (study: StudyDefinition) => string = recipeJson;

export const StudyRow = z.object({
  definition: json(StudyDefinition),
  revision: z.number(),
  trials: z.number(),
  completed: z.number(),
});

const workerColumns = z.object({
  worker_id: WorkerId,
  name: untrustedText(),
  kind: z.enum(["deno", "browser"]),
  threads: z.number(),
  device: untrustedText().nullable(),
  protocol_version: z.number(),
  token_hash: z.string(),
  backend: BackendName.nullable(),
  backend_detail: untrustedText().nullable(),
  step_milliseconds: z.number().nullable(),
  registered_at: z.number(),
  last_seen_at: z.number(),
  has_left: Flag,
  removed: Flag,
});

function toWorker(row: z.infer<typeof workerColumns>): WorkerRecord {
  return {
    workerId: row.worker_id,
    name: row.name,
    kind: row.kind,
    threads: row.threads,
    device: row.device,
    protocolVersion: row.protocol_version,
    tokenHash: row.token_hash,
    backend: row.backend,
    backendDetail: row.backend_detail,
    stepMilliseconds: row.step_milliseconds,
    registeredAt: row.registered_at,
    lastSeenAt: row.last_seen_at,
    left: row.has_left,
    removed: row.removed,
  };
}

export const WorkerRow = workerColumns.transform(toWorker);

const briefColumns = z.object({
  spec: json(TrialSpec),
  state: TrialState,
  attempts: z.number(),
  worker_name: untrustedText().nullable(),
  backend: BackendName.nullable(),
  backend_detail: untrustedText().nullable(),
  started_at: z.number().nullable(),
  ended_at: z.number().nullable(),
  epochs_done: z.number(),
  seconds: z.number().nullable(),
});

function toBrief(row: z.infer<typeof briefColumns>): TrialBrief {
  return {
    trialId: row.spec.trialId,
    studyId: row.spec.studyId,
    params: row.spec.params,
    replicate: row.spec.replicate,
    state: row.state,
    attempts: row.attempts,
    workerName: row.worker_name,
    backend: row.backend,
    backendDetail: row.backend_detail,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    epochsDone: row.epochs_done,
    seconds: row.seconds,
  };
}

export const BriefRow = briefColumns.transform(toBrief);

const Recomputed = json(
  z.object({ testLoss: z.number(), testAccuracy: z.number() }),
);

/** The result that counts. */
function published({ result, recomputed }: {
  readonly result: TrialResult | null;
  readonly recomputed: RecomputedFigures | null;
}): TrialResult | null {
  return result === null ? null : publishedResult(result, recomputed);
}

export const CurveRow = briefColumns.extend({
  result: json(TrialResult).nullable(),
  recomputed: Recomputed.nullable(),
  /** A JSON array, empty if there is a result. */
  reported: json(z.array(EpochMetrics)),
}).transform((row): TrialCurveRecord => {
  const result = published(row);
  return {
    ...toBrief(row),
    result,
    epochs: result?.epochs ?? row.reported,
  };
});

export const ChangeRow = z.object({
  spec: json(TrialSpec),
  position: z.number(),
  planned: Flag,
  state: TrialState,
  result: json(TrialResult).nullable(),
  recomputed: Recomputed.nullable(),
  worker_id: WorkerId.nullable(),
}).transform(({ recomputed, worker_id, ...row }): TrialChange => ({
  ...row,
  workerId: worker_id,
  result: published({ ...row, recomputed }),
}));

export const TrialRow = z.object({
  spec: json(TrialSpec),
  planned: Flag,
  state: TrialState,
  quarantined_at: z.number().nullable(),
});

const ended = { expires_at: z.null(), ended_at: z.number() };

export const AttemptRow = z.object({
  attempt: z.number(),
  lease_id: LeaseId,
  worker_id: WorkerId,
  backend: BackendName,
  backend_detail: untrustedText().nullable(),
  started_at: z.number(),
  ttl: z.number(),
}).and(z.discriminatedUnion("state", [
  z.object({ state: z.literal("running"), expires_at: z.number() }),
  z.object({
    state: z.literal("released"),
    message: untrustedText().nullable(),
    ...ended,
  }),
  z.object({
    state: z.enum(["failed", "refused"]),
    message: untrustedText(),
    ...ended,
  }),
  z.object({
    state: z.enum(["delivered", "completed", "expired", "superseded"]),
    ...ended,
  }),
]));

export const EpochRow = z.object({
  attempt: z.number(),
  metrics: json(EpochMetrics),
});

export const DeliveryRow = z.object({
  attempt: z.number(),
  weights: Sha256.nullable(),
  result: json(TrialResult),
});

export const ResultRow = z.object({
  attempt: z.number(),
  accepted_at: z.number(),
  result: json(TrialResult),
  recomputed: Recomputed.nullable(),
  repeated_epochs: z.number(),
  weights: Sha256.nullable(),
});

export const TrustRow = z.object({ accepted: z.number(), lies: z.number() });

export const LeaseRow = z.object({ lease_id: LeaseId });

export const PlanRow = z.object({
  trial_id: TrialId,
  spec: json(TrialSpec),
  position: z.number(),
  planned: Flag,
});

/** The revision in a study's row. */
export const RevisionRow = z.object({ revision: z.number() });

export const StudyRevisionRow = RevisionRow.extend({ study_id: StudyId });

/** A study's row with its definition as text, for comparison. */
export const StudyTextRow = RevisionRow.extend({ definition: z.string() });

export const TrialIdRow = z.object({ trial_id: TrialId });

export const SecretRow = z.object({ hash: z.string() });

export const InstantRow = z.object({ latest: z.number() });

export const CountRow = z.object({ n: z.number() });

export const StateCountRow = z.object({ state: TrialState, n: z.number() });

export const NameRow = z.object({ worker_id: WorkerId, name: untrustedText() });

export const HeldRow = z.object({ lease_id: LeaseId, attempt: z.number() })
  .transform((row): HeldLease => ({
    leaseId: row.lease_id,
    attempt: row.attempt,
  }));

export const AcceptanceRow = z.object({
  accepted_at: z.number(),
  started_at: z.number(),
}).transform((row): Acceptance => ({
  acceptedAt: row.accepted_at,
  startedAt: row.started_at,
}));

/** A worker with the columns of a list of workers. */
export const ListedWorkerRow = workerColumns.extend({
  running: z.number(),
  completed: z.number(),
  /** Pairs of acceptance time and start time of the attempt. */
  recent: json(z.array(z.tuple([z.number(), z.number()]))),
}).transform(({ running, completed, recent, ...row }): WorkerListing => ({
  worker: toWorker(row),
  trialsRunning: running,
  trialsCompleted: completed,
  recent: recent.map(([acceptedAt, startedAt]) => ({ acceptedAt, startedAt })),
}));

/** Null: no study, or a deleted one. */
export const ActiveStudyRow = z.object({
  definition: json(StudyDefinition).nullable(),
});

export const ReportedEpochRow = z.object({
  spec: json(TrialSpec),
  metrics: json(EpochMetrics),
}).transform(({ spec, metrics }): ReportedEpoch => ({
  trialId: spec.trialId,
  params: spec.params,
  replicate: spec.replicate,
  metrics,
}));

/** Text that PostgreSQL can store: without NUL and lone surrogates. */
export function storable(text: string): string;

export function storable(text: string | null): string | null;

export function storable(text: string | null): string | null {
  return text?.toWellFormed().replaceAll("\0", "\ufffd") ?? null;
}
