/**
 * Why things fail, as types: a terminal prints an error's message, a page says
 * the same in its reader's language.
 */

/** Why a trainer is of no use any more. */
export type TrainerFailure =
  /** Its thread ended by an error. */
  | "died"
  /** Its thread gives no sign of life. */
  | "stuck"
  /** Its GPU was lost or computed what is known to be wrong. */
  | "device"
  /** It said what cannot be. */
  | "impossible"
  | "other";

/** A trainer failed. The message is for terminals and logs. */
export class TrainerError extends Error {
  override readonly name: string = "TrainerError";

  constructor(message: string, readonly failure: TrainerFailure) {
    super(message);
  }
}

/** Of any error that a trainer failed by. */
export function trainerFailure(error: unknown): TrainerFailure {
  return error instanceof TrainerError ? error.failure : "other";
}

/** Why a session cannot go on. */
export type SessionFailure =
  /** Nobody answers at the coordinator's address. */
  | "unreachable"
  /** Something answers there that is no coordinator. */
  | "no-coordinator"
  /** The coordinator speaks another version of the protocol. */
  | "outdated"
  /** The coordinator refused a call. */
  | "refused"
  /** It asks for a join code, and this was none or another. */
  | "join-code"
  /** Its operator removed this worker. */
  | "removed"
  /** The coordinator forgets the worker as often as it registers. */
  | "forgotten"
  /** Trainer after trainer failed. */
  | "trainers-failed"
  /** Result after result was refused: this device counts wrong. */
  | "results-refused"
  /** No backend can be used as asked. */
  | "cannot-train"
  | "other";

/** The session cannot go on. The message is for terminals and logs. */
export class StopSessionError extends Error {
  override readonly name = "StopSessionError";

  constructor(message: string, readonly failure: SessionFailure) {
    super(message);
  }
}

/** This device cannot train as asked: the message says what to change. */
export class CannotTrainError extends Error {
  override readonly name = "CannotTrainError";
}

/** Of any error that a session ended by. */
export function sessionFailure(error: unknown): SessionFailure {
  if (error instanceof StopSessionError) return error.failure;
  return error instanceof CannotTrainError ? "cannot-train" : "other";
}
