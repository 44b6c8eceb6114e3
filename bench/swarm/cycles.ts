import { LeaseId, type WorkerId } from "../../protocol/ids.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { createClient } from "../../worker/client.ts";
import {
  ProblemError,
  type SwarmClient,
} from "../../worker/session/swarm_client.ts";
import { balancedConnection } from "./balancer.ts";
import { addLatency, createLatencies, type Latencies } from "./latencies.ts";
import { resultOf } from "./pace.ts";
import type { Accepted } from "./volunteer.ts";

/** Lease, report, complete at a fixed rate, without training. */
export interface CyclesRequest {
  /** Addresses of all coordinators; each worker calls them in turn. */
  readonly urls: readonly string[];
  /** Number of the first worker. */
  readonly first: number;
  /** Workers that work in turn, each with its own connection. */
  readonly workers: number;
  /** Cycles started a second, whether or not earlier ones are over. */
  readonly perSecond: number;
  readonly seconds: number;
}

/** The measurements; plain data, so that threads can send it. */
export interface CyclesSeen {
  /** Measured from when the lease was due. */
  readonly lease: Latencies;
  readonly report: Latencies;
  readonly complete: Latencies;
  /** Cycles whose result was accepted. */
  accepted: number;
  /** Refused cycles by the problem's type. */
  readonly refused: Record<string, number>;
  /** Cycles without a trial: the study was too small. */
  none: number;
  /** Seconds from the start of the first cycle to the end of the last. */
  seconds: number;
}

interface CycleWorker {
  readonly client: SwarmClient;
  readonly workerId: WorkerId;
  readonly token: string;
}

const never = new AbortController().signal;

/**
 * Makes a function that runs cycles. Workers stay registered between calls. A
 * cycle without an idle worker waits, and the wait counts: otherwise a slow
 * coordinator would slow down the load and look fast.
 */
export function createCycler(
  addressOf: (index: number) => string,
  onAccepted: (accepted: Accepted) => void,
): (request: CyclesRequest) => Promise<CyclesSeen> {
  const idle: CycleWorker[] = [];
  let registered = 0;

  async function register({ urls, first, workers }: CyclesRequest) {
    const [url = ""] = urls;
    for (; registered < workers; registered++) {
      const index = first + registered;
      const { fetch } = balancedConnection(urls, addressOf(index), index);
      const client = createClient({ url, fetch });
      const { token, workerId } = await client.register({
        protocolVersion: PROTOCOL_VERSION,
        kind: "deno",
        threads: 1,
        name: `cycler ${index}`,
      }, never);
      idle.push({ client, token, workerId });
    }
  }

  return async (request) => {
    await register(request);
    const seen: CyclesSeen = {
      lease: createLatencies(),
      report: createLatencies(),
      complete: createLatencies(),
      accepted: 0,
      refused: {},
      none: 0,
      seconds: 0,
    };
    const waiting: number[] = [];
    const running = new Set<Promise<void>>();
    const begun = performance.now();

    const begin = (due: number) => {
      const worker = idle.pop();
      if (worker === undefined) {
        waiting.push(due);
        return;
      }
      const cycle = runCycle(worker, due, seen, onAccepted).catch((error) => {
        if (!(error instanceof ProblemError)) throw error;
        const { type } = error.problem;
        seen.refused[type] = (seen.refused[type] ?? 0) + 1;
      }).finally(() => {
        running.delete(cycle);
        idle.push(worker);
        const next = waiting.shift();
        if (next !== undefined) begin(next);
      });
      running.add(cycle);
    };

    const total = Math.round(request.perSecond * request.seconds);
    for (let i = 0; i < total;) {
      const until = (performance.now() - begun) / 1000 * request.perSecond;
      for (; i < total && i <= until; i++) {
        begin(begun + i / request.perSecond * 1000);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    while (running.size > 0) await Promise.all(running);
    seen.seconds = (performance.now() - begun) / 1000;
    return seen;
  };
}

async function runCycle(
  { client, token, workerId }: CycleWorker,
  due: number,
  seen: CyclesSeen,
  onAccepted: (accepted: Accepted) => void,
): Promise<void> {
  const leaseId = LeaseId.parse(crypto.randomUUID());
  const answer = await client.acquire(token, {
    leaseId,
    backend: "simd",
    stepMilliseconds: 1,
  }, never);
  let at = performance.now();
  const took = (to: Latencies, since: number) => {
    at = performance.now();
    addLatency(to, at - since);
  };
  took(seen.lease, due);
  if (answer.lease === null) {
    seen.none++;
    return;
  }
  const { attempt, trial } = answer.lease;
  const result = resultOf(trial, 1);
  for (const metrics of result.epochs) {
    const since = at;
    await client.report(token, leaseId, { attempt, epochs: [metrics] }, never);
    took(seen.report, since);
  }
  const since = at;
  await client.complete(token, leaseId, { attempt, result }, never);
  took(seen.complete, since);
  seen.accepted++;
  onAccepted({ trialId: trial.trialId, workerId });
}
