import { PROTOCOL_HEADER, REASON_HEADER } from "../../protocol/endpoints.ts";
import { LeaseId } from "../../protocol/ids.ts";
import {
  CompleteRequest,
  LeaseRequest,
  RegisterRequest,
  ReleaseRequest,
  RenewRequest,
  ReportRequest,
} from "../../protocol/lease.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { ProblemError } from "../../worker/session/swarm_client.ts";
import { FakeSwarm } from "./fake_swarm.ts";
import type { SessionClock } from "../../worker/session/session_types.ts";
import type { TinyDataset } from "./tiny_dataset.ts";

/** The fake coordinator on a real port of this machine. */
export interface HttpSwarm extends AsyncDisposable {
  readonly url: string;
  readonly swarm: FakeSwarm;
  /** Paths of requested data files. */
  readonly downloads: readonly string[];
}

/** Real time, without simulated delays. */
const clock: SessionClock = {
  get now() {
    return performance.now();
  },
  sleep: () => Promise.resolve(),
};

/** Serves a study of `trials` trials on the tiny data set. */
export function serveSwarm(data: TinyDataset, trials: number): HttpSwarm {
  const swarm = new FakeSwarm(clock, trials);
  swarm.dataset = data.manifest;
  const files = new Map(
    [
      [data.manifest.files.trainImages, data.gzip.trainImages] as const,
      [data.manifest.files.trainLabels, data.gzip.trainLabels] as const,
      [data.manifest.files.testImages, data.gzip.testImages] as const,
      [data.manifest.files.testLabels, data.gzip.testLabels] as const,
    ].map(([{ path }, bytes]) => [path, bytes]),
  );
  const downloads: string[] = [];
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const file = files.get(pathname);
    if (file === undefined) return await call(swarm, request, pathname);
    downloads.push(pathname);
    return new Response(file);
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      try {
        return await answer(request);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        const { problem } = error;
        return Response.json(problem, { status: problem.status });
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    swarm,
    downloads,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function call(
  swarm: FakeSwarm,
  request: Request,
  pathname: string,
): Promise<Response> {
  const { signal } = new AbortController();
  const token = request.headers.get("authorization")?.slice(7) ?? "";
  const body: unknown = request.method === "POST" ? await request.json() : null;
  if (request.headers.get(PROTOCOL_HEADER) !== String(PROTOCOL_VERSION)) {
    return new Response("no protocol version", { status: 500 });
  }
  if (pathname === "/api/workers") {
    const answer = await swarm.register(RegisterRequest.parse(body), signal);
    return Response.json(answer, { status: 201 });
  }
  if (pathname === "/api/workers/me") {
    await swarm.leave(token, signal);
    return new Response(null, { status: 204 });
  }
  if (pathname === "/api/leases") {
    const answer = await swarm.acquire(token, LeaseRequest.parse(body), signal);
    if (answer.lease !== null) return Response.json(answer.lease);
    return new Response(null, {
      status: 204,
      headers: {
        [REASON_HEADER]: answer.reason,
        "retry-after": String(answer.retryAfterSeconds),
      },
    });
  }
  const [, , , id, verb] = pathname.split("/");
  const leaseId = LeaseId.parse(id);
  switch (verb) {
    case "renew":
      return Response.json(
        await swarm.renew(token, leaseId, RenewRequest.parse(body), signal),
      );
    case "report":
      return Response.json(
        await swarm.report(token, leaseId, ReportRequest.parse(body), signal),
      );
    case "weights":
      await swarm.uploadWeights(token, leaseId, {
        attempt: 1,
        bytes: await request.arrayBuffer(),
      }, signal);
      return new Response(null, { status: 204 });
    case "complete":
      return Response.json(
        await swarm.complete(
          token,
          leaseId,
          CompleteRequest.parse(body),
          signal,
        ),
      );
    case "release":
      await swarm.release(token, leaseId, ReleaseRequest.parse(body), signal);
      return new Response(null, { status: 204 });
    default:
      return new Response("no such page", { status: 404 });
  }
}
