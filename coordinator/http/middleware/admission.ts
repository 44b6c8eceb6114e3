import { createMiddleware } from "hono/factory";
import type { Guard } from "../limits/guard.ts";
import { type Address, isLoopbackHost } from "../limits/addresses.ts";
import type { WorkerEnv } from "./authenticate.ts";
import { ProblemError } from "./problems.ts";

/** Checks that every request passes before it is handled. */

/** Headers that only proxies add. */
const FORWARDING = ["forwarded", "x-real-ip", "x-forwarded-host", "via"];

/** Identifies the caller and refuses calls above the address's rate. */
export function admitRequest(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const address = guard.addressOf(c.env?.peer, {
      forwardedFor: c.req.header("x-forwarded-for"),
      proxied: FORWARDING.some((name) => c.req.header(name) !== undefined) ||
        guard.publicUrl?.isUsedBy(c.req.raw) === true,
    });
    c.set("address", address);
    enforceRate(
      guard.admitRequest(address),
      "address",
      "your address sends requests",
    );
    await next();
  });
}

/** The same for one worker's calls; runs after `authenticate`. */
export function admitCall(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    const { address, worker } = c.var;
    enforceRate(
      guard.admitCall(address, worker.workerId),
      "worker",
      "this worker sends requests",
    );
    await next();
  });
}

/** Limits registrations from one address. */
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

/** Limits requests of one address that read a whole study. */
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
 * Runs `work` while memory for a body of this size is reserved.
 *
 * @throws {ProblemError} 503 if the budget is used up
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
      "too much data is being sent at once; wait a little, then try again",
      { headers: { "retry-after": "5" }, reason: "unavailable:receiving" },
    );
  }
  try {
    return await work();
  } finally {
    receiving.give(address, bytes);
  }
}

/** @throws {ProblemError} 429 if `seconds` is not 0. */
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
 * Refuses requests for other host names if only this machine is served. Another
 * site can make its own name resolve to 127.0.0.1 (DNS rebinding), and the
 * browser then treats this server as part of that site. The name that the
 * operator gave with the public address cannot be such a site's.
 */
export function checkHost(guard: Guard) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    if (guard.loopbackOnly) {
      const host = c.req.header("host") ?? new URL(c.req.url).host;
      const name = URL.parse(`http://${host}`)?.hostname ?? "";
      if (!isLoopbackHost(name) && guard.publicUrl?.isHost(host) !== true) {
        throw new ProblemError(
          "foreign-host",
          `this coordinator serves only its own machine, not ${host}: ` +
            "open it as localhost, or start it with --host, --public-url or " +
            "--trust-proxy",
        );
      }
    }
    await next();
  });
}
