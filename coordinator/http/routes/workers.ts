import type { LeaseRequest, RegisterRequest } from "../../../protocol/lease.ts";
import type { Coordinator } from "../../service/coordinator.ts";
import { createFreshCache } from "../../service/fresh_cache.ts";
import type { Acquired, Outcome } from "../../service/service_types.ts";
import type { WorkerRecord } from "../../storage/storage.ts";
import type { Address } from "../limits/addresses.ts";
import type { Guard } from "../limits/guard.ts";
import type { Secrets } from "../limits/secrets.ts";
import { enforceRate } from "../middleware/admission.ts";
import { ProblemError } from "../middleware/problems.ts";

/** Seconds until an address that already holds its share asks again. */
const ASK_AGAIN = 5;

/** Grants a lease within the limits of one worker and one address. */
export async function acquireWithin(
  { coordinator, guard }: {
    readonly coordinator: Pick<Coordinator, "acquire">;
    readonly guard: Guard;
  },
  { address, worker }: {
    readonly address: Address;
    readonly worker: WorkerRecord;
  },
  request: LeaseRequest,
): Promise<Outcome<Acquired>> {
  const { leases, limits } = guard;
  // A repeated request asks for a lease that is already counted.
  const repeated = request.leaseId !== undefined && leases.has(request.leaseId);
  if (
    !address.local && !repeated &&
    leases.held(address.key) >= limits.leasesPerAddress
  ) {
    const retryAfterSeconds = ASK_AGAIN;
    return {
      ok: true,
      value: { type: "none", reason: "enough-leases", retryAfterSeconds },
    };
  }
  if (!repeated) {
    enforceRate(
      guard.admitLease(address),
      "leases",
      "your address takes leases without delivering results",
    );
  }
  const threads = Math.min(worker.threads, limits.leasesPerWorker);
  const outcome = await coordinator.acquire({ ...worker, threads }, request);
  if (outcome.ok && outcome.value.type === "lease") {
    const { leaseId, ttlSeconds } = outcome.value.lease;
    guard.leaseGranted(address, leaseId, ttlSeconds);
  }
  return outcome;
}

/** Milliseconds for which a count of workers is cached. */
const COUNT_AGAIN = 1000;

/** Admits a worker with the join code, if required, to a swarm with room. */
export function admitWorker(deps: {
  readonly coordinator: Pick<Coordinator, "workersOnline" | "isRegistered">;
  readonly guard: Guard;
  readonly secrets?: Secrets;
  readonly now: () => number;
}): (address: Address, request: RegisterRequest) => Promise<void> {
  const { coordinator, guard, secrets, now } = deps;
  const count = createFreshCache<"online", { online: number }>({
    milliseconds: COUNT_AGAIN,
    now,
  });

  return async (address, request) => {
    const { joinCode } = request;
    if (secrets !== undefined && !secrets.mayJoin(undefined)) {
      enforceRate(
        guard.admitGuess(address),
        "guesses",
        "wrong join codes were sent",
      );
      if (!secrets.mayJoin(joinCode)) {
        // A missing code does not count as a guess.
        if (joinCode !== undefined) guard.wrongGuess(address);
        throw new ProblemError(
          "join-code",
          joinCode === undefined
            ? "this coordinator requires a join code; " +
              "open the link or scan the QR code from its operator"
            : "the join code is wrong; " +
              "ask the operator for the current link",
        );
      }
    }
    const counted = await count(
      "online",
      async () => ({ online: await coordinator.workersOnline() }),
    );
    // Who registers again because the answer was lost is counted already.
    const full = counted.online >= guard.limits.workers;
    if (full && !await coordinator.isRegistered(request)) {
      throw new ProblemError(
        "unavailable",
        `the swarm is full: ${guard.limits.workers} workers are online; ` +
          "come back later",
        { headers: { "retry-after": "60" }, reason: "unavailable:workers" },
      );
    }
    counted.online++;
  };
}
