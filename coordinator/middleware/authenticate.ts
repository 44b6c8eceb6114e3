import { createMiddleware } from "hono/factory";
import type { Address } from "../guard/address.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import type { WorkerRecord } from "../storage/storage.ts";
import type { WorkerCalls } from "../swarm/calls.ts";
import { ProblemError } from "./problems.ts";
import { versionProblem } from "./protocol_version.ts";

/** What handlers behind `authenticate` find in the context. */
export interface WorkerEnv {
  Variables: { worker: WorkerRecord; address: Address };
  /** The socket's other end; absent where whoever serves does not tell. */
  Bindings: { peer?: string | undefined };
}

/** Lets registered workers pass, by their bearer token. */
export function authenticate(coordinator: WorkerCalls) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const worker = await coordinator.authenticate(
      c.req.header("authorization"),
    );
    if (worker === null) {
      throw new ProblemError(
        "unauthorized",
        "this call needs a registered worker's token; register again",
        { headers: { "www-authenticate": "Bearer" } },
      );
    }
    if (worker.removed) {
      throw new ProblemError(
        "removed",
        `the operator removed this worker: ${worker.name}; ask them why`,
      );
    }
    // Registered with a coordinator that spoke another version.
    if (worker.protocolVersion !== PROTOCOL_VERSION) {
      throw versionProblem(String(worker.protocolVersion));
    }
    c.set("worker", worker);
    await next();
  });
}
