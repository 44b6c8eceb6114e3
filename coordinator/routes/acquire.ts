import type { Address } from "../guard/address.ts";
import type { Guard } from "../guard/guard.ts";
import { orWait } from "../middleware/admission.ts";
import type { LeaseRequest } from "../protocol/swarm.ts";
import type { WorkerRecord } from "../storage/storage.ts";
import type { Acquired, Outcome } from "../swarm/calls.ts";
import type { Coordinator } from "../swarm/coordinator.ts";

/** Seconds after which an address that holds its share asks again. */
const ASK_AGAIN = 5;

/** A lease, within what one worker and one address may hold. */
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
  // A request that is repeated asks for a lease that is counted already.
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
    orWait(
      guard.admitLease(address),
      "leases",
      "your address takes leases that come to nothing",
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
