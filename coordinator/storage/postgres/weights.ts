import * as z from "zod";
import type { Instant } from "../../lease/trial.ts";
import type { WeightsStore } from "../weights_store.ts";
import type { Queries } from "./pool.ts";
import { CountRow, LeaseRow } from "../sql/rows.ts";

const BytesRow = z.object({ bytes: z.instanceof(Uint8Array) });

/**
 * Weights as rows of the database, so that every coordinator can verify a
 * result, even if the one that received it has ended.
 */
export function postgresWeights(
  { rows, count }: Queries,
  now: () => Instant,
): WeightsStore {
  return {
    async put(leaseId, sha256, bytes) {
      await count(
        "INSERT INTO weights (lease_id, sha256, bytes, kept_at) " +
          "VALUES ($1, $2, $3, $4) ON CONFLICT (lease_id) DO UPDATE SET " +
          "sha256 = excluded.sha256, bytes = excluded.bytes, " +
          "kept_at = excluded.kept_at WHERE weights.sha256 <> excluded.sha256",
        [leaseId, sha256, bytes, now()],
      );
    },
    async has(leaseId, sha256) {
      const found = await rows(
        "SELECT 1 FROM weights WHERE lease_id = $1 AND sha256 = $2",
        [leaseId, sha256],
      );
      return found.length > 0;
    },
    async get(leaseId, sha256) {
      const [row] = await rows(
        "SELECT bytes FROM weights WHERE lease_id = $1 AND sha256 = $2",
        [leaseId, sha256],
      );
      // Copied, because pg's array is a view of the socket's buffer.
      return row === undefined
        ? null
        : new Uint8Array(BytesRow.parse(row).bytes);
    },
    async delete(leaseId) {
      await count("DELETE FROM weights WHERE lease_id = $1", [leaseId]);
    },
    async keptBefore(time) {
      const kept = await rows(
        "SELECT lease_id FROM weights WHERE kept_at <= $1",
        [time],
      );
      return kept.map((row) => LeaseRow.parse(row).lease_id);
    },
    async bytes() {
      const [row] = await rows(
        "SELECT coalesce(sum(length(bytes)), 0)::bigint AS n FROM weights",
      );
      return CountRow.parse(row).n;
    },
  };
}
