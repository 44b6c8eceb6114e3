import type * as z from "zod";
import type { EpochMetrics } from "../../../protocol/training.ts";
import type {
  AcceptedResult,
  Attempt,
  DeliveredAttempt,
  Delivery,
  TrialRecord,
} from "../../lease/trial.ts";
import type { AttemptRow, ResultRow, TrialRow } from "./rows.ts";

/** A trial as rows of tables, and what of them a change concerns. Pure. */

/** Where the parts of a trial stand; what is not needed is not read. */
export interface TrialParts {
  readonly trial: z.infer<typeof TrialRow>;
  /** By rising attempt. */
  readonly attempts: readonly z.infer<typeof AttemptRow>[];
  /** Of an attempt, by rising epoch. */
  readonly epochs: (attempt: number) => readonly EpochMetrics[];
  readonly delivery: (attempt: number) => Delivery;
  readonly result: () => z.infer<typeof ResultRow>;
}

/** Puts a trial together again. */
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
        throw new Error(`a result without its attempt: ${spec.trialId}`);
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

/** An attempt's columns that change in its life. */
export interface AttemptFate {
  readonly state: Attempt["state"];
  readonly expires_at: number | null;
  readonly ended_at: number | null;
  readonly message: string | null;
}

export function attemptFate(attempt: Attempt): AttemptFate {
  const { state } = attempt;
  const running = state === "running";
  return {
    state,
    expires_at: running ? attempt.expiresAt : null,
    ended_at: running ? null : attempt.endedAt,
    message: state === "released" || state === "failed" || state === "refused"
      ? attempt.message
      : null,
  };
}

/** What has to be written for a trial to be as it became, in this order. */
export interface TrialDiff {
  /** New ones, and those that differ; `was` is what must be stored still. */
  readonly attempts: readonly {
    readonly attempt: Attempt;
    readonly was: Attempt["state"] | null;
  }[];
  /** Attempts whose delivery is of no more use: its verdict is here. */
  readonly judged: readonly number[];
  readonly delivered: readonly DeliveredAttempt[];
  readonly epochs: readonly {
    readonly attempt: number;
    readonly metrics: EpochMetrics;
  }[];
  /** The result goes: its attempt was refused just now. */
  readonly withdrawn: boolean;
  /** Null: the state is what it was. */
  readonly state:
    | {
      readonly name: TrialRecord["state"];
      readonly quarantinedAt: number | null;
    }
    | null;
  /** A result that is accepted now. */
  readonly accepted: AcceptedResult | null;
}

/** What differs between the two, `before` being what is stored. */
export function trialDiff(
  before: TrialRecord,
  after: TrialRecord,
): TrialDiff {
  const stored = new Map(before.attempts.map((a) => [a.attempt, a]));
  // The functions copy what they change: the same object is the same row.
  const changed = after.attempts.filter((a) => stored.get(a.attempt) !== a)
    .map((attempt) => ({ attempt, old: stored.get(attempt.attempt) }));
  const moved = before.state !== after.state;
  return {
    attempts: changed.map(({ attempt, old }) => ({
      attempt,
      was: old?.state ?? null,
    })),
    judged: changed.flatMap(({ attempt, old }) =>
      old?.state === "delivered" && attempt.state !== "delivered"
        ? [attempt.attempt]
        : []
    ),
    delivered: changed.flatMap(({ attempt, old }) =>
      attempt.state === "delivered" && old?.state !== "delivered"
        ? [attempt]
        : []
    ),
    epochs: changed.flatMap(({ attempt, old }) => {
      const known = new Set(old?.epochs.map(({ epoch }) => epoch));
      return attempt.epochs.filter(({ epoch }) => !known.has(epoch))
        .map((metrics) => ({ attempt: attempt.attempt, metrics }));
    }),
    withdrawn: moved && before.state === "completed",
    state: moved
      ? {
        name: after.state,
        quarantinedAt: after.state === "quarantined"
          ? after.quarantinedAt
          : null,
      }
      : null,
    accepted: moved && after.state === "completed" ? after.accepted : null,
  };
}
