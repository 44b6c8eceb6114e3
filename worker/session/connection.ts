import type {
  RegisterRequest,
  RegisterResponse,
} from "../../protocol/lease.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import {
  backoffSeconds,
  ForeignAnswerError,
  LostAnswerError,
  ProblemError,
  remedyFor,
  UnreachableError,
} from "./swarm_client.ts";
import { type SessionFailure, StopSessionError } from "./failure.ts";
import type { SessionOptions } from "./session_types.ts";

/** A call with a worker's token. */
export type WorkerCall<Answer> = (
  token: string,
  signal: AbortSignal,
) => Promise<Answer>;

/** A worker's registration, shared by its threads. */
export interface Connection {
  /** The latest registration. */
  registration(): RegisterResponse;
  /**
   * Repeats a call until it is answered: during outages, and after a new
   * registration if the coordinator has forgotten the worker.
   *
   * @throws {ProblemError} when the lease or its result must be dropped.
   * @throws {StopSessionError} when the session must end.
   * @throws the signal's reason when aborted.
   */
  send<Answer>(call: WorkerCall<Answer>, signal: AbortSignal): Promise<Answer>;
  /** Unregisters and registers again, to learn about a new study. */
  rejoin(signal: AbortSignal): Promise<void>;
  /** Records another caller's outage and waits until the next try. */
  waitOut(
    error: unknown,
    failures: number,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Lost answers to the first registration; another server loses all. */
const MOST_LOST = 4;

/** Consecutive registrations that a coordinator may forget. */
const MOST_FORGOTTEN = 3;

type Options = Pick<
  SessionOptions,
  "client" | "clock" | "random" | "newId" | "onEvent" | "worker"
>;

/**
 * Registers the worker.
 *
 * @throws {StopSessionError} if nothing answers: at the start the cause is more
 * likely a wrong address than an outage.
 */
export async function connect(
  options: Options,
  signal: AbortSignal,
): Promise<Connection> {
  const { client, clock, random, newId, onEvent, worker } = options;
  const request = { protocolVersion: PROTOCOL_VERSION, ...worker };
  let lost = false;

  /**
   * A request that can be sent again: its secret makes it the same worker. Two
   * random UUIDs are 244 random bits.
   */
  const registerRequest = (name?: string): RegisterRequest => ({
    ...request,
    ...name === undefined ? {} : { name },
    secret: `${newId()}${newId()}`.replaceAll("-", ""),
  });
  const register = async (
    request: RegisterRequest,
  ): Promise<RegisterResponse> => {
    const registration = await client.register(request, signal);
    onEvent({
      type: "registered",
      workerId: registration.workerId,
      name: registration.name,
    });
    return registration;
  };

  let renewing: Promise<void> | null = null;

  const answered = () => {
    if (!lost) return;
    lost = false;
    onEvent({ type: "connection-restored" });
  };

  const waitOut: Connection["waitOut"] = async (error, failures, signal) => {
    const remedy = remedyFor(error);
    if (remedy.do === "stop") {
      throw new StopSessionError(remedy.message, remedy.failure);
    }
    if (remedy.do !== "retry") throw error;
    if (!lost) {
      lost = true;
      onEvent({ type: "connection-lost", message: message(error) });
    }
    const seconds = backoffSeconds(failures, remedy.afterSeconds, random);
    await clock.sleep(seconds * 1000, signal);
  };

  /** The answer came from a coordinator, so the address is correct. */
  const firstRegistration = async (): Promise<RegisterResponse> => {
    const request = registerRequest();
    for (let failures = 1;; failures++) {
      try {
        return await register(request);
      } catch (error) {
        signal.throwIfAborted();
        const waits = error instanceof ProblemError
          ? remedyFor(error).do === "retry"
          : error instanceof LostAnswerError && failures <= MOST_LOST;
        if (!waits) throw notRegistered(error);
        await waitOut(error, failures, signal);
      }
    }
  };
  let current = await firstRegistration();
  answered();

  /** All threads that need a registration share one. */
  const registerAgain = (forgotten: string): Promise<void> => {
    if (current.token !== forgotten) return Promise.resolve();
    renewing ??= (async () => {
      // Keeps the name that the coordinator assigned.
      const request = registerRequest(current.name);
      for (let failures = 1;; failures++) {
        try {
          current = await register(request);
          return answered();
        } catch (error) {
          signal.throwIfAborted();
          if (remedyFor(error).do !== "retry") {
            throw notRegistered(error);
          }
          await waitOut(error, failures, signal);
        }
      }
    })().finally(() => renewing = null);
    return renewing;
  };

  return {
    registration: () => current,
    waitOut,
    async send(call, signal) {
      let forgotten = 0;
      for (let failures = 0;;) {
        const { token } = current;
        try {
          const answer = await call(token, signal);
          answered();
          return answer;
        } catch (error) {
          signal.throwIfAborted();
          const remedy = remedyFor(error);
          if (remedy.do !== "retry") answered();
          if (remedy.do === "register") {
            forgotten++;
            if (forgotten > MOST_FORGOTTEN) {
              throw new StopSessionError(
                "the coordinator repeatedly forgets this worker after registering it",
                "forgotten",
              );
            }
            await registerAgain(token);
          } else {
            failures++;
            await waitOut(error, failures, signal);
          }
        }
      }
    },
    async rejoin(signal) {
      const { token } = current;
      await client.leave(token, signal).catch(() => signal.throwIfAborted());
      await registerAgain(token);
    },
  };
}

function notRegistered(error: unknown): StopSessionError {
  const because = (what: string, failure: SessionFailure) =>
    new StopSessionError(`${what}: ${message(error)}`, failure);
  if (error instanceof ForeignAnswerError) {
    return because("there is no coordinator at this address", "no-coordinator");
  }
  if (error instanceof UnreachableError) {
    return because("cannot reach the coordinator", "unreachable");
  }
  const remedy = remedyFor(error);
  return remedy.do === "stop"
    ? new StopSessionError(remedy.message, remedy.failure)
    : because("the coordinator did not register this worker", "refused");
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
