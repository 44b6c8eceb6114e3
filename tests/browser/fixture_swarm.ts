import { referenceStudy } from "../../testing/studies/reference_study.ts";
import { openSwarm } from "../../coordinator/open_swarm.ts";
import { Lease, RegisterResponse } from "../../protocol/lease.ts";
import type { RegisterRequest } from "../../protocol/lease.ts";
import type { TrialResult } from "../../protocol/training.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { manifest } from "../../testing/lease/fixtures.ts";
import { createWebAssets } from "../../web/build/assets.ts";
import { builtPages, listenAgain } from "./test_coordinator.ts";

/**
 * A whole coordinator whose workers are in the test's hands: they speak the
 * protocol, and deliver results drawn around PyTorch's in place of training.
 */
export interface FixtureSwarm {
  readonly origin: string;
  join(request: Partial<RegisterRequest>): Promise<FixtureWorker>;
  close(): Promise<void>;
}

export interface FixtureWorker {
  readonly name: string;
  lease(): Promise<Lease>;
  /** Reports this many epochs of the trial's result. */
  report(lease: Lease, epochs: number): Promise<void>;
  /** Delivers the trial's result, or what becomes of it. */
  complete(
    lease: Lease,
    change?: (result: TrialResult) => TrialResult,
  ): Promise<void>;
  release(
    lease: Lease,
    reason: "leaving" | "failed",
    message?: string,
  ): Promise<void>;
  leave(): Promise<void>;
}

/** Starts it with the seed study. */
export async function startFixtureSwarm(): Promise<FixtureSwarm> {
  const study = referenceStudy();
  const swarm = await openSwarm({
    plan: { definition: study.definition, trials: study.trials },
    dataset: manifest,
    assets: await createWebAssets(await builtPages()),
  });
  const server = listenAgain(swarm.fetch);
  const resultOf = ({ trial }: Lease) => {
    const result = study.results.get(trial.trialId);
    if (result === undefined) throw new Error(`no result: ${trial.trialId}`);
    return result;
  };
  async function call(
    method: string,
    path: string,
    body: unknown,
    token?: string,
  ): Promise<Response> {
    const response = await fetch(new URL(path, server.url), {
      method,
      headers: {
        "content-type": "application/json",
        ...token === undefined ? {} : { authorization: `Bearer ${token}` },
      },
      body: body === null ? null : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response;
  }
  return {
    origin: server.url,
    async join(request) {
      const registered = await call("POST", "/api/workers", {
        protocolVersion: PROTOCOL_VERSION,
        kind: "browser",
        threads: 4,
        ...request,
      });
      const { token, name } = RegisterResponse.parse(await registered.json());
      const about = async (lease: Lease, what: string, body: object) => {
        const { leaseId, attempt } = lease;
        const path = `/api/leases/${leaseId}/${what}`;
        const answer = await call("POST", path, { attempt, ...body }, token);
        await answer.body?.cancel();
      };
      return {
        name,
        async lease() {
          const answer = await call("POST", "/api/leases", {
            backend: "simd",
            backendDetail: "relaxed SIMD",
            stepMilliseconds: 4.6,
          }, token);
          return Lease.parse(await answer.json());
        },
        async report(lease, epochs) {
          await about(lease, "report", {
            epochs: resultOf(lease).epochs.slice(0, epochs),
          });
        },
        complete: (lease, change = (result) => result) =>
          about(lease, "complete", { result: change(resultOf(lease)) }),
        release: (lease, reason, message) =>
          about(lease, "release", {
            reason,
            ...message === undefined ? {} : { message },
          }),
        async leave() {
          const answer = await call("DELETE", "/api/workers/me", null, token);
          await answer.body?.cancel();
        },
      };
    },
    async close() {
      await swarm.close();
      await server.shutdown();
    },
  };
}
