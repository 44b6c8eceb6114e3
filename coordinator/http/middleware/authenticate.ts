import { createMiddleware } from "hono/factory";
import { PROTOCOL_HEADER } from "../../../protocol/endpoints.ts";
import { PROTOCOL_VERSION } from "../../../protocol/version.ts";
import type { WorkerCalls } from "../../service/service_types.ts";
import type { WorkerRecord } from "../../storage/storage.ts";
import type { Address } from "../limits/addresses.ts";
import { ProblemError } from "./problems.ts";

/** Names the version on each answer; refuses calls that name another one. */
export const protocolVersion = createMiddleware(async (c, next) => {
  c.header(PROTOCOL_HEADER, String(PROTOCOL_VERSION));
  const spoken = c.req.header(PROTOCOL_HEADER);
  if (spoken !== undefined && spoken !== String(PROTOCOL_VERSION)) {
    throw versionProblem(spoken);
  }
  await next();
});

/**
 * Judges a registration by its version before its schema is asked: another
 * version's body may well not fit ours, and "update" says more than "invalid".
 */
export const registrationVersion = createMiddleware(async (c, next) => {
  const body: unknown = await c.req.json().catch(() => null);
  if (typeof body === "object" && body !== null && "protocolVersion" in body) {
    const { protocolVersion: spoken } = body;
    if (typeof spoken === "number" && spoken !== PROTOCOL_VERSION) {
      throw versionProblem(String(spoken));
    }
  }
  await next();
});

/** The problem of a worker that speaks another version. */
export function versionProblem(spoken: string): ProblemError {
  return new ProblemError(
    "protocol-version",
    `the worker speaks version ${spoken.slice(0, 20)} of the protocol and ` +
      `the coordinator ${PROTOCOL_VERSION}; use the same release of both`,
  );
}

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
