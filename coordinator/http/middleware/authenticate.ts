import { createMiddleware } from "hono/factory";
import { PROTOCOL_HEADER } from "../../../protocol/endpoints.ts";
import { PROTOCOL_VERSION } from "../../../protocol/version.ts";
import type { WorkerCalls } from "../../service/service_types.ts";
import type { WorkerRecord } from "../../storage/storage.ts";
import type { Address } from "../limits/addresses.ts";
import { ProblemError } from "./problems.ts";

/** Adds the protocol version to answers; refuses calls with another one. */
export const protocolVersion = createMiddleware(async (c, next) => {
  c.header(PROTOCOL_HEADER, String(PROTOCOL_VERSION));
  const spoken = c.req.header(PROTOCOL_HEADER);
  if (spoken !== undefined && spoken !== String(PROTOCOL_VERSION)) {
    throw versionProblem(spoken);
  }
  await next();
});

/**
 * Checks a registration's version before its schema: another version's body may
 * be invalid here, and "update" is more helpful than "invalid".
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

/** The problem for a worker with another protocol version. */
export function versionProblem(spoken: string): ProblemError {
  return new ProblemError(
    "protocol-version",
    `the worker speaks version ${spoken.slice(0, 20)} of the protocol and ` +
      `the coordinator ${PROTOCOL_VERSION}; use the same release of both`,
  );
}

/** Context variables of handlers after `authenticate`. */
export interface WorkerEnv {
  Variables: {
    worker: WorkerRecord;
    address: Address;
    /** Set by `mostBytes`. */
    mostBytes?: number | null;
  };
  /** The remote address; absent if the server does not provide it. */
  Bindings: { peer?: string | undefined };
}

/** Accepts only registered workers, by their bearer token. */
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
    // Registered with a coordinator of another version.
    if (worker.protocolVersion !== PROTOCOL_VERSION) {
      throw versionProblem(String(worker.protocolVersion));
    }
    c.set("worker", worker);
    await next();
  });
}
