import DataLoader from "dataloader";
import type { WorkerId } from "../protocol/ids.ts";
import type { Instant } from "../swarm/trial.ts";
import type { Queries } from "./postgres_pool.ts";
import { WorkerRow } from "./rows.ts";
import type { WorkerRecord } from "./storage.ts";

/**
 * What every call of every worker asks for, for all that ask in one turn of the
 * event loop together: who it is, and that it was there.
 */
export interface Crowd {
  worker(workerId: WorkerId): Promise<WorkerRecord | null>;
  /** That it was there; nothing else of it changes. */
  seen(workerId: WorkerId): Promise<void>;
}

/** Workers in one statement. */
const MOST = 500;

/** @param at In place of the database's clock; null: that one. */
export function createCrowd(
  { rows, count }: Queries,
  at: () => Instant | null,
): Crowd {
  // Nothing is remembered: another coordinator may change it any time.
  const options = { cache: false, maxBatchSize: MOST };

  const reading = new DataLoader<WorkerId, WorkerRecord | null>(
    async (ids) => {
      const found = new Map(
        (await rows("SELECT * FROM workers WHERE worker_id = ANY($1)", [ids]))
          .map((row) => {
            const worker = WorkerRow.parse(row);
            return [worker.workerId, worker];
          }),
      );
      return ids.map((id) => found.get(id) ?? null);
    },
    options,
  );

  const sighting = new DataLoader<WorkerId, void>(async (ids) => {
    // Locked in the order in which claims lock them.
    await count(
      "UPDATE workers AS w SET last_seen_at = coalesce($2, swarm_now()), " +
        "has_left = false FROM (SELECT worker_id FROM workers " +
        "WHERE worker_id = ANY($1) ORDER BY worker_id FOR NO KEY UPDATE) AS s " +
        "WHERE w.worker_id = s.worker_id",
      [ids, at()],
    );
    return ids.map(() => undefined);
  }, options);

  return {
    worker: (workerId) => reading.load(workerId),
    seen: (workerId) => sighting.load(workerId),
  };
}
