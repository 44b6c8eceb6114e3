import * as z from "zod";
import { type Infer, LeaseId, Sha256, TrialId, WorkerId } from "./ids.ts";
import { untrustedText } from "./text.ts";
import { DatasetManifest, TrialSpec } from "./study.ts";
import {
  BackendName,
  EpochMetrics,
  MOST_EPOCHS,
  TrialResult,
} from "./training.ts";

/** What a worker says about itself when it joins. */
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
  /** Required if the coordinator has a join code; its invitation shows it. */
  joinCode: z.string().max(200).optional(),
  /**
   * The token's secret, 64 random hexadecimal digits. Chosen by the worker, so that a request whose answer was lost can be sent again and gets
   * the same worker. Without it each request registers a new one.
   */
  secret: z.string().regex(/^[0-9a-f]{64}$/).optional(),
});

/** A day: a longer time would exceed what timers can count. */
const Seconds = z.number().min(0.1).max(86_400);

/** The worker's identity, and the data set that it will train on. */
export type RegisterResponse = Infer<typeof RegisterResponse>;
/** @internal */
export const RegisterResponse = z.strictObject({
  workerId: WorkerId,
  /** Sent as `Authorization: Bearer …` with every later call. */
  token: z.string().regex(/^[\x21-\x7e]{1,256}$/),
  name: untrustedText(200),
  /** Renew each lease at least this often. */
  heartbeatSeconds: Seconds,
  /**
   * Data set of the active study. A worker loads it and measures its backends on
   * it before it asks for its first lease, because a lease's time would run
   * meanwhile. Null: no study is active.
   */
  dataset: DatasetManifest.nullable(),
});

/** What a worker that asks for a trial says about its speed. */
export type LeaseRequest = Infer<typeof LeaseRequest>;
/** @internal */
export const LeaseRequest = z.strictObject({
  backend: BackendName,
  backendDetail: untrustedText(200).optional(),
  /** Measured milliseconds per training step; they decide a lease's length. */
  stepMilliseconds: z.number().positive().max(3_600_000).optional(),
  /**
   * Chosen by the worker, so that a request whose answer was lost can be sent
   * again and gets the same lease. Without it each request is a new one.
   */
  leaseId: LeaseId.optional(),
});

/**
 * Seconds that a worker waits before its next report or renewal; it reports
 * epochs that finish meanwhile together. 0: it reports each at once.
 */
const reportAfterSeconds = z.number().nonnegative().max(86_400);

/** A trial leased to a worker until `expiresAt`, unless renewed. */
export type Lease = Infer<typeof Lease>;
/** @internal */
export const Lease = z.strictObject({
  leaseId: LeaseId,
  /** The fencing token: an older attempt's calls are refused. */
  attempt: z.int().min(1),
  /** By the coordinator's clock, for people. Workers use `ttlSeconds`. */
  expiresAt: z.iso.datetime(),
  ttlSeconds: Seconds,
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
  /** Each unfinished trial is leased, or failed on this worker too often. */
  "all-leased",
  /** The worker holds as many leases as it has threads. */
  "enough-leases",
  /** Results of the worker, or of its address, wait for their verdicts. */
  "verdicts-pending",
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
  /** All epochs finished since the last report, in rising order. */
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
    ttlSeconds: Seconds,
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
  /** Hash of the weights that were uploaded for this lease. */
  weights: Sha256.optional(),
});

/** The answer to a delivered result. */
export type CompleteResponse = Infer<typeof CompleteResponse>;
/** @internal */
export const CompleteResponse = z.strictObject({
  trialId: TrialId,
  /**
   * `accepted`: it counts. `pending`: its figures are being recomputed; repeat
   * the call to get the verdict.
   */
  verdict: z.enum(["pending", "accepted"]),
});

/** A trial released without a result. */
export type ReleaseRequest = Infer<typeof ReleaseRequest>;
/** @internal */
export const ReleaseRequest = z.strictObject({
  attempt: z.int().min(1),
  /**
   * `leaving`: the user stopped the worker; this is no failure. `failed`: the
   * worker could not train the trial; failures of three workers quarantine it.
   */
  reason: z.enum(["leaving", "failed"]),
  /** What happened, for the trial's page. */
  message: untrustedText(1000).optional(),
});
