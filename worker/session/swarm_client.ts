import type { LeaseId } from "../../protocol/ids.ts";
import type { Problem } from "../../protocol/problem.ts";
import { cleanText } from "../../protocol/text.ts";
import type {
  CompleteRequest,
  CompleteResponse,
  Lease,
  LeaseRequest,
  NoLeaseReason,
  RegisterRequest,
  RegisterResponse,
  ReleaseRequest,
  RenewRequest,
  RenewResponse,
  ReportRequest,
} from "../../protocol/lease.ts";
import type { SessionFailure } from "./failure.ts";

/** The answer to a request for a lease. */
export type LeaseAnswer =
  | { readonly lease: Lease }
  | {
    readonly lease: null;
    readonly reason: NoLeaseReason;
    /** Seconds until the next request. */
    readonly retryAfterSeconds: number;
  };

/**
 * The coordinator's API for workers; each call is one request. Every call
 * rejects with a {@link ProblemError} when the coordinator refuses, with an
 * {@link UnreachableError} when it does not answer, and with the signal's
 * reason when aborted. Every call can be repeated safely.
 */
export interface SwarmClient {
  /**
   * Registers a new worker; every later call needs its token. Without a secret
   * in the request, repeating it registers another one.
   */
  register(
    request: RegisterRequest,
    signal: AbortSignal,
  ): Promise<RegisterResponse>;
  /** Asks for a trial. */
  acquire(
    token: string,
    request: LeaseRequest,
    signal: AbortSignal,
  ): Promise<LeaseAnswer>;
  /** Renews the lease; the answer may be to stop. */
  renew(
    token: string,
    leaseId: LeaseId,
    request: RenewRequest,
    signal: AbortSignal,
  ): Promise<RenewResponse>;
  /** Reports finished epochs and renews the lease. */
  report(
    token: string,
    leaseId: LeaseId,
    request: ReportRequest,
    signal: AbortSignal,
  ): Promise<RenewResponse>;
  /** Uploads a trained trial's final weights, before its result. */
  uploadWeights(
    token: string,
    leaseId: LeaseId,
    request: { readonly attempt: number; readonly bytes: ArrayBuffer },
    signal: AbortSignal,
  ): Promise<void>;
  /** Delivers the result, even late. Repeated to learn its verdict. */
  complete(
    token: string,
    leaseId: LeaseId,
    request: CompleteRequest,
    signal: AbortSignal,
  ): Promise<CompleteResponse>;
  /** Releases the trial without a result. */
  release(
    token: string,
    leaseId: LeaseId,
    request: ReleaseRequest,
    signal: AbortSignal,
  ): Promise<void>;
  /** Releases every lease of the worker. */
  leave(token: string, signal: AbortSignal): Promise<void>;
}

/** Most characters of a server's words that an error repeats. */
const MOST_WORDS = 2000;

/** The coordinator gave no usable answer; it may be back later. */
export class UnreachableError extends Error {
  /** The error's name, which identifies it. */
  override readonly name: string = "UnreachableError";

  /** The message says what happened to the call, and may quote the server. */
  constructor(
    message: string,
    /** From the header `Retry-After`; null without one. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(cleanText(message.slice(0, MOST_WORDS)));
  }
}

/** The call may have reached the coordinator; its answer was lost. */
export class LostAnswerError extends UnreachableError {
  override readonly name = "LostAnswerError";
}

/** A server answered, but it is no coordinator. */
export class ForeignAnswerError extends UnreachableError {
  override readonly name = "ForeignAnswerError";
}

/** The coordinator refused a call. */
export class ProblemError extends Error {
  /** The error's name, which identifies it. */
  override readonly name = "ProblemError";

  /** The message is the problem's `detail`. */
  constructor(
    /** What the coordinator answered. */
    readonly problem: Problem,
    /** From the header `Retry-After`; null without one. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(problem.detail);
  }
}

/** How to handle a failed call. */
export type Remedy =
  /** Repeat the call a little later. */
  | { readonly do: "retry"; readonly afterSeconds: number | null }
  /** Register, then repeat the call. */
  | { readonly do: "register" }
  /** Drop the lease or its result: repeating would not change the answer. */
  | { readonly do: "drop" }
  /** End the worker: it cannot continue. */
  | {
    readonly do: "stop";
    readonly failure: SessionFailure;
    readonly message: string;
  };

/** What to do after an error of a {@link SwarmClient}. */
export function remedyFor(error: unknown): Remedy {
  if (error instanceof UnreachableError) {
    return { do: "retry", afterSeconds: error.retryAfterSeconds };
  }
  if (!(error instanceof ProblemError)) throw error;
  const { problem, retryAfterSeconds } = error;
  switch (problem.type) {
    case "unauthorized":
      return { do: "register" };
    case "missing-weights":
    case "rejected-weights":
    case "stale-lease":
    case "trial-completed":
    case "trial-quarantined":
    case "conflicting-result":
    case "rejected-result":
    case "not-found":
      return { do: "drop" };
    case "protocol-version":
      return {
        do: "stop",
        failure: "outdated",
        message:
          `this worker and the coordinator use different protocol versions, ` +
          `update the worker: ${problem.detail}`,
      };
    case "join-code":
    case "removed":
      return {
        do: "stop",
        failure: problem.type,
        message: `the coordinator refused: ${problem.detail}`,
      };
    case "invalid-request":
    case "foreign-origin":
    case "foreign-host":
    case "body-too-slow":
    case "body-too-large":
    case "too-many-requests":
    case "internal":
    case "newer-version":
    case "unavailable":
      return retried.has(problem.status) || problem.status >= 500
        ? { do: "retry", afterSeconds: retryAfterSeconds }
        : {
          do: "stop",
          failure: "refused",
          message: `the coordinator refused: ${problem.detail}`,
        };
    default:
      return problem.type satisfies never;
  }
}

/** Status codes of temporary refusals: slow body, too many calls. */
const retried: ReadonlySet<number> = new Set([408, 429]);

/** Longest wait between tries during an outage. */
const LONGEST_WAIT = 30;

/**
 * Seconds to wait before the next try: doubling from one, shortened at random
 * so that a thousand workers do not return at once, and never before the
 * coordinator's `Retry-After`.
 *
 * @param failures consecutive failed tries, from 1
 * @param random uniform in [0, 1)
 */
export function backoffSeconds(
  failures: number,
  retryAfterSeconds: number | null,
  random: () => number,
): number {
  const top = Math.min(LONGEST_WAIT, 2 ** (failures - 1));
  const wait = top * (0.5 + random() / 2);
  return retryAfterSeconds === null
    ? wait
    : Math.max(wait, retryAfterSeconds * (1 + random() / 4));
}
