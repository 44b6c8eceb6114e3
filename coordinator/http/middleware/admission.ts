import { createMiddleware } from "hono/factory";
import type { Guard } from "../limits/guard.ts";
import { type Address, isLoopbackHost } from "../limits/addresses.ts";
import type { WorkerEnv } from "./authenticate.ts";
import { ProblemError } from "./problems.ts";

/** What every request passes before anything is done for it. */

/** Headers that only a proxy adds. */
const FORWARDING = ["forwarded", "x-real-ip", "x-forwarded-host", "via"];

/** Tells who calls, and asks those who call too often to wait. */
export function admitRequest(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const address = guard.addressOf(c.env?.peer, {
      forwardedFor: c.req.header("x-forwarded-for"),
      proxied: FORWARDING.some((name) => c.req.header(name) !== undefined),
    });
    c.set("address", address);
    enforceRate(guard.admitRequest(address), "address", "your address asks");
    await next();
  });
}

/** The same for one worker's calls; behind `authenticate`. */
export function admitCall(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const { address, worker } = c.var;
    enforceRate(
      guard.admitCall(address, worker.workerId),
      "worker",
      "this worker asks",
    );
    await next();
  });
}

/** Registrations from one address. */
export function admitRegistration(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    enforceRate(
      guard.admitRegistration(c.var.address),
      "registrations",
      "your address registers workers",
    );
    await next();
  });
}

/** What takes a whole study to answer, for one address. */
export function admitExport(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    enforceRate(
      guard.admitExport(c.var.address),
      "exports",
      "your address fetches whole studies",
    );
    await next();
  });
}

/**
 * Runs `work` while so many bytes of a body are reserved.
 *
 * @throws {ProblemError} 503 where the budget is spent
 */
export async function withinBudget<T>(
  { receiving }: Guard,
  address: Address,
  bytes: number,
  work: () => Promise<T>,
): Promise<T> {
  if (!receiving.take(address, bytes)) {
    throw new ProblemError(
      "unavailable",
      "too much is being sent at once; wait a little, then try again",
      { headers: { "retry-after": "5" }, reason: "unavailable:receiving" },
    );
  }
  try {
    return await work();
  } finally {
    receiving.give(address, bytes);
  }
}

/** @throws {ProblemError} 429 where `seconds` is not 0. */
export function enforceRate(seconds: number, limit: string, who: string): void {
  if (seconds === 0) return;
  const whole = Math.ceil(seconds);
  throw new ProblemError(
    "too-many-requests",
    `${who} too often: wait ${whole} s, then try again`,
    {
      headers: { "retry-after": String(whole) },
      reason: `too-many-requests:${limit}`,
    },
  );
}

/**
 * Refuses requests under a foreign name where only this machine is served. A
 * page from elsewhere can have its own name lead to 127.0.0.1 (DNS rebinding),
 * and the browser then takes this server for that page's own.
 */
export function checkHost(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    if (guard.loopbackOnly) {
      const host = c.req.header("host") ?? new URL(c.req.url).host;
      const name = URL.parse(`http://${host}`)?.hostname ?? "";
      if (!isLoopbackHost(name)) {
        throw new ProblemError(
          "foreign-host",
          `this coordinator serves its own machine alone, not ${host}: ` +
            "open it as localhost, or start it with --host or --trust-proxy",
        );
      }
    }
    await next();
  });
}
