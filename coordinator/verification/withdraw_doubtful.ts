import type { LeaseId } from "../protocol/ids.ts";
import type { Storage } from "../storage/storage.ts";

/** Results that are taken back between two looks. */
const BATCH = 16;

/** Has a liar's results lent again, where they rest on its word. */
export async function withdrawDoubtful(
  storage: Pick<Storage, "vouchedByLiars">,
  withdraw: (leaseId: LeaseId) => Promise<void>,
): Promise<void> {
  for (;;) {
    const doubtful = await storage.vouchedByLiars(BATCH);
    for (const leaseId of doubtful) await withdraw(leaseId);
    if (doubtful.length < BATCH) return;
  }
}
