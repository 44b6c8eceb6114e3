import * as z from "zod";
import type { End, WithEnd } from "./move.ts";
import { type Column, type Table, toRow } from "./move_tables.ts";
import { openPostgres } from "./postgres.ts";
import { createPool, type Queries } from "./postgres_pool.ts";
import { postgresWeights } from "./postgres_weights.ts";
import { withoutPassword } from "./server_address.ts";
import { StorageError } from "./storage.ts";

/** Rows in one go. */
const SOME = 500;

const types = {
  text: "text",
  integer: "bigint",
  real: "double precision",
  boolean: "boolean",
} as const satisfies Record<Column["type"], string>;

const AnyRow = z.record(z.string(), z.unknown());

/** A PostgreSQL database as a side of a move. */
export const withPostgres: WithEnd = async (url, how, live, work) => {
  // Says what is wrong with the address, and makes or mends the tables.
  const { storage } = await openPostgres(url);
  const alone = await storage.alone().finally(() => storage.close());
  if (!alone && !live) {
    throw new StorageError(
      "in-use",
      `cannot move: coordinators are at work on ${withoutPassword(url)}; ` +
        "stop them first" +
        (how === "read" ? ", or copy what is there by now with --live" : ""),
    );
  }
  const pool = createPool(url);
  try {
    const run = how === "read" ? pool.snapshot : pool.transaction;
    return await run((tx) => work(endOf(tx)));
  } finally {
    await pool.close();
  }
};

function endOf(tx: Queries): End {
  return {
    async *read(table) {
      const columns = table.columns.map(({ name }) => name).join(", ");
      await tx.rows(
        `DECLARE moving NO SCROLL CURSOR FOR SELECT ${columns} ` +
          `FROM ${table.name} ORDER BY ${order(table)}`,
      );
      try {
        for (;;) {
          const rows = await tx.rows(`FETCH ${SOME} FROM moving`);
          if (rows.length === 0) return;
          yield rows.map((row) => toRow(table, AnyRow.parse(row)));
        }
      } finally {
        await tx.rows("CLOSE moving");
      }
    },
    async write(table, rows) {
      const names = table.columns.map(({ name }) => name).join(", ");
      const typed = table.columns
        .map(({ name, type }) => `${name} ${types[type]}`).join(", ");
      await tx.rows(
        `INSERT INTO ${table.name} (${names}) ` +
          `SELECT ${names} FROM jsonb_to_recordset($1) AS r (${typed})`,
        [JSON.stringify(rows)],
      );
    },
    weights: postgresWeights(tx, Date.now),
  };
}

/** By the bytes of text, as SQLite does. */
function order({ key, columns }: Table): string {
  return key.map((part) => {
    const text = columns.find(({ name }) => name === part)?.type === "text";
    return text ? `${part} COLLATE "C"` : part;
  }).join(", ");
}
