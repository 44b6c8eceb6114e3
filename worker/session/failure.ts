/** Types of failures: a terminal prints the message, a page translates. */

/** Why a trainer failed. */
export type TrainerFailure =
  /** An error ended its thread. */
  | "died"
  /** Its thread does not respond. */
  | "stuck"
  /** Its GPU was lost or computed a known result wrongly. */
  | "device"
  /** It sent impossible values. */
  | "impossible"
  /** It needs more memory than the device allows, and did not start. */
  | "memory"
  | "other";

/** A trainer failed. The message is for terminals and logs. */
export class TrainerError extends Error {
  override readonly name: string = "TrainerError";

  constructor(message: string, readonly failure: TrainerFailure) {
    super(message);
  }
}

export function trainerFailure(error: unknown): TrainerFailure {
  return error instanceof TrainerError ? error.failure : "other";
}

/** Why a session cannot go on. */
export type SessionFailure =
  /** Nothing answers at the coordinator's address. */
  | "unreachable"
  /** Another kind of server answers there. */
  | "no-coordinator"
  /** The coordinator speaks another version of the protocol. */
  | "outdated"
  /** The coordinator refused a call. */
  | "refused"
  /** It requires a join code, and the given one is missing or wrong. */
  | "join-code"
  /** The operator removed this worker. */
  | "removed"
  /** The coordinator forgets the worker after each registration. */
  | "forgotten"
  /** The coordinator's data set cannot be used by anybody. */
  | "data"
  /** Several consecutive trainers failed. */
  | "trainers-failed"
  /** The data set, or each trial, needs more memory than the device allows. */
  | "memory"
  /** Several consecutive results were refused: the device is faulty. */
  | "results-refused"
  /** The chosen backend cannot be used. */
  | "cannot-train"
  | "other";

/** The session cannot go on. The message is for terminals and logs. */
export class StopSessionError extends Error {
  override readonly name = "StopSessionError";

  constructor(message: string, readonly failure: SessionFailure) {
    super(message);
  }
}

/** This device cannot train like this. The message says what to change. */
export class CannotTrainError extends Error {
  override readonly name = "CannotTrainError";
}

/**
 * The coordinator's data set cannot be trained on: no fault of this device. The
 * message says what is wrong with it.
 */
export class UnusableDataError extends Error {
  override readonly name = "UnusableDataError";
}

export function sessionFailure(error: unknown): SessionFailure {
  if (error instanceof StopSessionError) return error.failure;
  return error instanceof CannotTrainError ? "cannot-train" : "other";
}
