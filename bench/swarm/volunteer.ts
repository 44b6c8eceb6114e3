import type { WorkerId } from "../../protocol/ids.ts";
import { runSession } from "../../worker/session/session.ts";
import type { SwarmClient } from "../../worker/session/swarm_client.ts";
import type {
  AbandonReason,
  SessionClock,
  SessionEnd,
  Trainer,
} from "../../worker/session/session_types.ts";
import { metricsOfEpoch, resultOf } from "./pace.ts";

/** A result that the coordinator accepted, and its worker. */
export interface Accepted {
  readonly trialId: string;
  readonly workerId: WorkerId;
}

export interface VolunteerOptions {
  readonly client: SwarmClient;
  readonly name: string;
  /** Seconds that an epoch takes. */
  readonly secondsPerEpoch: number;
  /** Steps of an epoch, which decide the length of leases. */
  readonly stepsPerEpoch: number;
  readonly onAccepted: (accepted: Accepted) => void;
  readonly onAbandoned: (reason: AbandonReason) => void;
  readonly signal: AbortSignal;
}

const clock: SessionClock = {
  get now() {
    return performance.now();
  },
  sleep,
};

/** Milliseconds for which a trainer reads the weights, after the last epoch. */
const READING = 5;

/**
 * A volunteer that makes all calls and trains nothing: a worker's real session
 * with a trainer that waits for an epoch's time and returns figures.
 */
export async function runVolunteer(
  options: VolunteerOptions,
): Promise<SessionEnd> {
  const { client, name, signal, onAccepted, onAbandoned } = options;
  let workerId: WorkerId | undefined;
  return await runSession({
    client,
    startTrainer: () => Promise.resolve(idleTrainer(options)),
    clock,
    random: Math.random,
    newId: () => crypto.randomUUID(),
    onEvent(event) {
      switch (event.type) {
        case "registered":
          workerId = event.workerId;
          break;
        case "completed":
          if (workerId === undefined) break;
          onAccepted({ trialId: event.trial.trialId, workerId });
          break;
        case "abandoned":
          onAbandoned(event.reason);
          break;
        case "refused":
        case "trainer-ready":
        case "trainer-failed":
        case "waiting":
        case "leased":
        case "progress":
        case "epoch":
        case "connection-lost":
        case "connection-restored":
        case "stopped":
          break;
        default:
          event satisfies never;
      }
    },
    worker: { kind: "deno", threads: 1, device: "simulated", name },
    signal,
  });
}

/** Trains nothing, but takes as long as training would. */
function idleTrainer(
  { secondsPerEpoch, stepsPerEpoch }: VolunteerOptions,
): Trainer {
  return {
    report: {
      backend: "simd",
      backendDetail: "simulated",
      stepMilliseconds: secondsPerEpoch * 1000 / stepsPerEpoch,
      measurements: [],
    },
    async train(spec, { onEpoch }, signal) {
      try {
        for (let epoch = 1; epoch <= spec.recipe.epochs; epoch++) {
          await sleep(secondsPerEpoch * 1000, signal);
          onEpoch(metricsOfEpoch(epoch, secondsPerEpoch));
        }
        await sleep(READING, signal);
      } catch {
        return null;
      }
      return { result: resultOf(spec, secondsPerEpoch), weights: null };
    },
    close() {},
  };
}

export function sleep(
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", abort, { once: true });
  });
}
