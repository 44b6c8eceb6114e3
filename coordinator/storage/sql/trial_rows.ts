import type * as z from "zod";
import type { LeaseId, TrialId, WorkerId } from "../../../protocol/ids.ts";
import type { EpochMetrics } from "../../../protocol/training.ts";
import type {
  AcceptedResult,
  Attempt,
  Delivery,
  TrialRecord,
} from "../../lease/trial.ts";
import {
  type AttemptRow,
  type ResultRow,
  storable,
  type TrialRow,
} from "./rows.ts";
import type { Row } from "./tables.ts";

/** Converts a trial to and from rows; finds the rows that change. Pure. */

/** Rows of a trial's parts, read only if needed. */
export interface TrialParts {
  readonly trial: z.infer<typeof TrialRow>;
  /** By rising attempt. */
  readonly attempts: readonly z.infer<typeof AttemptRow>[];
  /** Epochs of an attempt, by rising epoch. */
  readonly epochs: (attempt: number) => readonly EpochMetrics[];
  readonly delivery: (attempt: number) => Delivery;
  readonly result: () => z.infer<typeof ResultRow>;
}

/** Makes a trial from its rows. */
export function assembleTrial(parts: TrialParts): TrialRecord {
  const { spec, planned, state, quarantined_at } = parts.trial;
  const attempts = parts.attempts.map((row) => toAttempt(row, parts));
  const base = { spec, planned, attempts };
  switch (state) {
    case "queued":
    case "leased":
    case "verifying":
      return { ...base, state };
    case "quarantined":
      return { ...base, state, quarantinedAt: quarantined_at ?? 0 };
    case "completed": {
      const row = parts.result();
      const by = attempts.find((a) => a.attempt === row.attempt);
      if (by === undefined) {
        throw new Error(`a result whose attempt is missing: ${spec.trialId}`);
      }
      return {
        ...base,
        state,
        accepted: {
          attempt: row.attempt,
          leaseId: by.leaseId,
          workerId: by.workerId,
          acceptedAt: row.accepted_at,
          result: row.result,
          recomputed: row.recomputed,
          repeatedEpochs: row.repeated_epochs,
          weights: row.weights,
        },
      };
    }
    default:
      return state satisfies never;
  }
}

function toAttempt(
  row: z.infer<typeof AttemptRow>,
  { epochs, delivery }: TrialParts,
): Attempt {
  const core = {
    attempt: row.attempt,
    leaseId: row.lease_id,
    workerId: row.worker_id,
    backend: row.backend,
    backendDetail: row.backend_detail,
    startedAt: row.started_at,
    ttl: row.ttl,
    epochs: epochs(row.attempt),
  };
  switch (row.state) {
    case "running":
      return { ...core, state: row.state, expiresAt: row.expires_at };
    case "released":
      return {
        ...core,
        state: row.state,
        endedAt: row.ended_at,
        message: row.message,
      };
    case "failed":
    case "refused":
      return {
        ...core,
        state: row.state,
        endedAt: row.ended_at,
        message: row.message,
      };
    case "delivered": {
      const { result, weights } = delivery(row.attempt);
      return {
        ...core,
        state: row.state,
        endedAt: row.ended_at,
        delivery: { result, weights },
      };
    }
    case "completed":
    case "expired":
    case "superseded":
      return { ...core, state: row.state, endedAt: row.ended_at };
    default:
      return row satisfies never;
  }
}

/** The writes that store a changed trial, in this order. */
export interface TrialDiff {
  /** Rows of new attempts. */
  readonly begun: readonly AttemptColumns[];
  /** Rows of changed attempts; `was` is the stored state. */
  readonly went: readonly (AttemptColumns & { readonly was: string })[];
  /** Attempts whose delivery is deleted, because they have a verdict. */
  readonly judged: readonly AttemptKey[];
  /** Rows of deliveries. */
  readonly delivered: readonly Row[];
  /** Rows of epochs. */
  readonly epochs: readonly Row[];
  /** Whether the result is withdrawn: its attempt is refused in this change. */
  readonly withdrawn: boolean;
  /** Null: the state did not change. */
  readonly state: TrialColumns | null;
  /** The row of a newly accepted result. */
  readonly accepted: Row | null;
}

/** Type aliases, not interfaces, so that each is also a `Row`. */
type AttemptKey = { readonly trial_id: TrialId; readonly attempt: number };

type AttemptColumns = AttemptKey & {
  readonly lease_id: LeaseId;
  readonly worker_id: WorkerId;
  readonly backend: string;
  readonly backend_detail: string | null;
  readonly started_at: number;
  readonly ttl: number;
  readonly state: Attempt["state"];
  readonly expires_at: number | null;
  readonly ended_at: number | null;
  readonly message: string | null;
};

/** The columns of a trial that can change. */
export interface TrialColumns {
  readonly state: TrialRecord["state"];
  readonly quarantined_at: number | null;
}

export function trialColumns(trial: TrialRecord): TrialColumns {
  const { state } = trial;
  return {
    state,
    quarantined_at: state === "quarantined" ? trial.quarantinedAt : null,
  };
}

function attemptColumns(trial_id: TrialId, a: Attempt): AttemptColumns {
  const { state } = a;
  return {
    trial_id,
    attempt: a.attempt,
    lease_id: a.leaseId,
    worker_id: a.workerId,
    backend: a.backend,
    backend_detail: storable(a.backendDetail),
    started_at: a.startedAt,
    ttl: a.ttl,
    state,
    expires_at: state === "running" ? a.expiresAt : null,
    ended_at: state === "running" ? null : a.endedAt,
    message: state === "released" || state === "failed" || state === "refused"
      ? storable(a.message)
      : null,
  };
}

function resultColumns({ spec }: TrialRecord, accepted: AcceptedResult): Row {
  const { attempt, workerId, acceptedAt, result, recomputed } = accepted;
  return {
    trial_id: spec.trialId,
    attempt,
    worker_id: workerId,
    study_id: spec.studyId,
    accepted_at: acceptedAt,
    epochs: result.epochs.length,
    seconds: result.seconds,
    result: JSON.stringify(result),
    recomputed: recomputed === null ? null : JSON.stringify(recomputed),
    repeated_epochs: accepted.repeatedEpochs,
    weights: accepted.weights,
  };
}

/** The differences between two versions of a trial; `before` is stored. */
export function trialDiff(
  before: TrialRecord,
  after: TrialRecord,
): TrialDiff {
  const trial_id = after.spec.trialId;
  const stored = new Map(before.attempts.map((a) => [a.attempt, a]));
  // Changes copy objects, so the same object means an unchanged row.
  const changed = after.attempts.filter((a) => stored.get(a.attempt) !== a)
    .map((attempt) => ({
      attempt,
      old: stored.get(attempt.attempt),
      key: { trial_id, attempt: attempt.attempt },
    }));
  const moved = before.state !== after.state;
  return {
    begun: changed.flatMap(({ attempt, old }) =>
      old === undefined ? [attemptColumns(trial_id, attempt)] : []
    ),
    went: changed.flatMap(({ attempt, old }) =>
      old === undefined
        ? []
        : [{ ...attemptColumns(trial_id, attempt), was: old.state }]
    ),
    judged: changed.flatMap(({ attempt, old, key }) =>
      old?.state === "delivered" && attempt.state !== "delivered" ? [key] : []
    ),
    delivered: changed.flatMap(({ attempt, old, key }) =>
      attempt.state === "delivered" && old?.state !== "delivered"
        ? [{
          ...key,
          weights: attempt.delivery.weights,
          result: JSON.stringify(attempt.delivery.result),
        }]
        : []
    ),
    epochs: changed.flatMap(({ attempt, old, key }) => {
      const known = new Set(old?.epochs.map(({ epoch }) => epoch));
      return attempt.epochs.filter(({ epoch }) => !known.has(epoch)).map(
        (metrics) => ({
          ...key,
          epoch: metrics.epoch,
          metrics: JSON.stringify(metrics),
        }),
      );
    }),
    withdrawn: moved && before.state === "completed",
    state: moved ? trialColumns(after) : null,
    accepted: moved && after.state === "completed"
      ? resultColumns(after, after.accepted)
      : null,
  };
}
