import DataLoader from "dataloader";
import { WorkerId } from "../../../protocol/ids.ts";
import { BackendName } from "../../../protocol/training.ts";
import type { Instant } from "../../lease/trial.ts";
import type { Queries } from "./pool.ts";
import { TrustRow, WorkerRow } from "../sql/rows.ts";
import type { Trust, WorkerRecord } from "../storage.ts";

/** Batches calls about workers in a turn of the event loop. */
export interface Loaders {
  worker(workerId: WorkerId): Promise<WorkerRecord | null>;
  /** Stores only that the worker was seen. */
  seen(workerId: WorkerId): Promise<void>;
  /** The worker's record on a backend. */
  trust(workerId: WorkerId, backend: BackendName): Promise<Trust>;
}

const TrustOfRow = TrustRow.extend({
  worker_id: WorkerId,
  backend: BackendName,
});

/** Most workers in one statement. */
const MOST = 500;

/** @param at A time for tests; null: the database's clock. */
export function createLoaders(
  { rows, count }: Queries,
  at: () => Instant | null,
): Loaders {
  // Nothing is cached: another coordinator may change it at any time.
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

  const noting = new DataLoader<WorkerId, void>(async (ids) => {
    // Locked in the same order as by claims.
    await count(
      "UPDATE workers AS w SET last_seen_at = coalesce($2, swarm_now()), " +
        "has_left = false FROM (SELECT worker_id FROM workers " +
        "WHERE worker_id = ANY($1) ORDER BY worker_id FOR NO KEY UPDATE) AS s " +
        "WHERE w.worker_id = s.worker_id",
      [ids, at()],
    );
    return ids.map(() => undefined);
  }, options);

  const trusting = new DataLoader<readonly [WorkerId, BackendName], Trust>(
    async (keys) => {
      const found = new Map(
        (await rows(
          "SELECT worker_id, backend, accepted, lies FROM trust " +
            "WHERE worker_id = ANY($1)",
          [keys.map(([workerId]) => workerId)],
        )).map((row) => {
          const { worker_id, backend, ...trust } = TrustOfRow.parse(row);
          return [`${worker_id} ${backend}`, trust];
        }),
      );
      return keys.map((key) =>
        found.get(key.join(" ")) ?? { accepted: 0, lies: 0 }
      );
    },
    options,
  );

  return {
    trust: (workerId, backend) => trusting.load([workerId, backend]),
    worker: (workerId) => reading.load(workerId),
    seen: (workerId) => noting.load(workerId),
  };
}
