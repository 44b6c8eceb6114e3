import * as z from "zod";
import { LeaseId, Sha256, TrialId, WorkerId } from "./ids.ts";
import type { Infer } from "./ids.ts";
import { untrustedText } from "./text.ts";
import { DatasetManifest, TrialSpec } from "./study.ts";
import {
  BackendName,
  EpochMetrics,
  MOST_EPOCHS,
  TrialResult,
} from "./training.ts";

/** What a worker says of itself when it joins. */
export type RegisterRequest = Infer<typeof RegisterRequest>;
/** @internal */
export const RegisterRequest = z.strictObject({
  protocolVersion: z.int(),
  kind: z.enum(["deno", "browser"]),
  /** A nickname to show; the coordinator makes one up otherwise. */
  name: untrustedText().trim().min(1).max(40).optional(),
  /** Trainer threads: the leases it may hold at once. */
  threads: z.int().min(1).max(1024),
  /** Operating system and engine in a few words, for the workers' list. */
  device: untrustedText(200).optional(),
  /** Where the coordinator asks for one: as its invitation says it. */
  joinCode: z.string().max(200).optional(),
});

/** Who the worker is from now on, and what it will train on. */
export type RegisterResponse = Infer<typeof RegisterResponse>;
/** @internal */
export const RegisterResponse = z.strictObject({
  workerId: WorkerId,
  /** Sent as `Authorization: Bearer …` with every later call; shown once. */
  token: z.string(),
  name: untrustedText(),
  /** Renew each lease at least this often. */
  heartbeatSeconds: z.number().positive(),
  /**
   * The data set of the study that is leased out now: a worker loads it and
   * measures its backends on it before it asks for its first lease, whose time
   * would run meanwhile. Null when no study is leased out.
   */
  dataset: DatasetManifest.nullable(),
});

/** What a worker that asks for a trial says of its speed. */
export type LeaseRequest = Infer<typeof LeaseRequest>;
/** @internal */
export const LeaseRequest = z.strictObject({
  backend: BackendName,
  backendDetail: untrustedText(200).optional(),
  /** Measured milliseconds a training step: sizes the lease. */
  stepMilliseconds: z.number().positive().max(3_600_000).optional(),
  /**
   * Chosen by the worker, so that a request whose answer was lost can be sent
   * again and gets the same lease. Without it each request is a new one.
   */
  leaseId: LeaseId.optional(),
});

/**
 * Seconds before which the coordinator wants no further report or renewal;
 * epochs that come meanwhile go together. 0: each is reported at once.
 */
const reportAfterSeconds = z.number().nonnegative();

/** A trial leased to a worker until `expiresAt`, unless renewed. */
export type Lease = Infer<typeof Lease>;
/** @internal */
export const Lease = z.strictObject({
  leaseId: LeaseId,
  /** The fencing token: an older attempt's calls are refused. */
  attempt: z.int().min(1),
  /** By the coordinator's clock; for people. Workers go by `ttlSeconds`. */
  expiresAt: z.iso.datetime(),
  ttlSeconds: z.number().positive(),
  reportAfterSeconds,
  trial: TrialSpec,
  dataset: DatasetManifest,
  /**
   * Bytes of the final weights to upload before a trained trial's result is
   * delivered; null: this coordinator does not want them.
   */
  weightsBytes: z.int().positive().nullable(),
});

/** Why there is no lease now; the header `Swarm-Reason` of a 204. */
export type NoLeaseReason = Infer<typeof NoLeaseReason>;
/** @internal */
export const NoLeaseReason = z.enum([
  /** Every planned trial has a result or is quarantined. */
  "study-complete",
  /** Every unfinished trial is leased, or has failed here too often. */
  "all-leased",
  /** The worker holds as many leases as it has threads. */
  "enough-leases",
  /** The coordinator serves no study at the moment. */
  "no-study",
]);

/** A heartbeat. */
export type RenewRequest = Infer<typeof RenewRequest>;
/** @internal */
export const RenewRequest = z.strictObject({ attempt: z.int().min(1) });

/** Finished epochs. */
export type ReportRequest = Infer<typeof ReportRequest>;
/** @internal */
export const ReportRequest = z.strictObject({
  attempt: z.int().min(1),
  /** Rising: all that were finished since the last report. */
  epochs: z.array(EpochMetrics).min(1).max(MOST_EPOCHS).refine(
    rises,
    "the epochs are not in rising order",
  ),
});

function rises(epochs: readonly EpochMetrics[]): boolean {
  return epochs.every(({ epoch }, i) => epoch > (epochs[i - 1]?.epoch ?? 0));
}

/** The answer to a renewal or a report. */
export type RenewResponse = Infer<typeof RenewResponse>;
/** @internal */
export const RenewResponse = z.discriminatedUnion("directive", [
  z.strictObject({
    directive: z.literal("continue"),
    ttlSeconds: z.number().positive(),
    reportAfterSeconds,
  }),
  z.strictObject({
    /** Abandon the trial, without releasing it. */
    directive: z.literal("stop"),
    reason: z.enum(["trial-completed", "study-stopped"]),
  }),
]);

/** A finished trial. */
export type CompleteRequest = Infer<typeof CompleteRequest>;
/** @internal */
export const CompleteRequest = z.strictObject({
  attempt: z.int().min(1),
  result: TrialResult,
  /** Of the weights that were uploaded for this lease. */
  weights: Sha256.optional(),
});

/** The result is with the coordinator. */
export type CompleteResponse = Infer<typeof CompleteResponse>;
/** @internal */
export const CompleteResponse = z.strictObject({
  trialId: TrialId,
  /**
   * `accepted`: it counts. `pending`: its figures are being recomputed; the
   * same call again tells what came of it.
   */
  verdict: z.enum(["pending", "accepted"]),
});

/** A trial released without a result. */
export type ReleaseRequest = Infer<typeof ReleaseRequest>;
/** @internal */
export const ReleaseRequest = z.strictObject({
  attempt: z.int().min(1),
  /**
   * `leaving`: stopped by its user, no fault. `failed`: the trial could not be
   * trained here; three different workers failing quarantine it.
   */
  reason: z.enum(["leaving", "failed"]),
  /** What happened, for the trial's page. */
  message: untrustedText(1000).optional(),
});
