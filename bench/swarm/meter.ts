import {
  ProblemError,
  type SwarmClient,
  UnreachableError,
} from "../../worker/session/swarm_client.ts";
import {
  addLatencies,
  addLatency,
  createLatencies,
  type Latencies,
} from "./latencies.ts";

/** The measured calls, by their names in the protocol. */
export const CALLS = [
  "register",
  "lease",
  "renew",
  "report",
  "complete",
  "release",
  "leave",
] as const;
export type CallName = (typeof CALLS)[number];

/** What volunteers measured; plain data, so that threads can send it. */
export interface Seen {
  /** Calls with the expected answer. */
  readonly calls: Record<CallName, Latencies>;
  /** How late timers of the volunteers' own thread were. */
  readonly lag: Latencies;
  /** Problems that the coordinator returned, by type. */
  readonly refused: Record<string, number>;
  /** Calls without an answer. */
  unreachable: number;
  /** Leases given out. */
  leases: number;
  /** Lease requests when none was available. */
  none: number;
}

export function createSeen(): Seen {
  const calls = Object.fromEntries(
    CALLS.map((name) => [name, createLatencies()]),
  );
  return {
    calls: calls as Seen["calls"],
    lag: createLatencies(),
    refused: {},
    unreachable: 0,
    leases: 0,
    none: 0,
  };
}

export function addSeen(to: Seen, from: Seen): void {
  for (const name of CALLS) addLatencies(to.calls[name], from.calls[name]);
  addLatencies(to.lag, from.lag);
  for (const [type, n] of Object.entries(from.refused)) {
    to.refused[type] = (to.refused[type] ?? 0) + n;
  }
  to.unreachable += from.unreachable;
  to.leases += from.leases;
  to.none += from.none;
}

/** Calls with the expected answer. */
export function answered({ calls }: Seen): number {
  return CALLS.reduce((sum, name) => sum + calls[name].count, 0);
}

/**
 * Wraps the client: measures each call and counts failures.
 *
 * @param seen Called for each call, because counters are collected and reset.
 * @param heard Called when a call was answered or refused.
 */
export function metered(
  client: SwarmClient,
  seen: () => Seen,
  heard: () => void,
): SwarmClient {
  const timed = <Args extends unknown[], Answer>(
    name: CallName,
    call: (...args: Args) => Promise<Answer>,
  ) =>
  async (...args: Args): Promise<Answer> => {
    const begun = performance.now();
    try {
      const answer = await call(...args);
      addLatency(seen().calls[name], performance.now() - begun);
      heard();
      return answer;
    } catch (error) {
      if (error instanceof ProblemError) {
        const { type } = error.problem;
        seen().refused[type] = (seen().refused[type] ?? 0) + 1;
        heard();
      } else if (error instanceof UnreachableError) seen().unreachable++;
      throw error;
    }
  };
  const acquire = timed("lease", client.acquire);
  return {
    register: timed("register", client.register),
    async acquire(...args) {
      const answer = await acquire(...args);
      if (answer.lease === null) seen().none++;
      else seen().leases++;
      return answer;
    },
    renew: timed("renew", client.renew),
    report: timed("report", client.report),
    uploadWeights: client.uploadWeights,
    complete: timed("complete", client.complete),
    release: timed("release", client.release),
    leave: timed("leave", client.leave),
  };
}
