import { folderWeights } from "../verification/weights_store.ts";
import type { End, WithEnd } from "./move.ts";
import { toRow } from "./move_tables.ts";
import { explainOpening, openDatabase } from "./sqlite_open.ts";
import { prepareOnce } from "./sqlite_trial.ts";
import { StorageError } from "./storage.ts";

/** Rows in one go. */
const SOME = 500;

/** A SQLite file as a side of a move. It is locked: `live` has no meaning. */
export const withSqlite: WithEnd = async (path, how, _live, work) => {
  if (how === "read" && !exists(path)) {
    throw new StorageError(
      "cannot-open",
      `cannot move: there is no file ${path}; name the right one with --from`,
    );
  }
  const { db, close } = openDatabase(path, {});
  const sql = prepareOnce(db);
  const end: End = {
    async *read(table) {
      const columns = table.columns.map(({ name }) => name).join(", ");
      const rows = sql(
        `SELECT ${columns} FROM ${table.name} ORDER BY ${table.key.join(", ")}`,
      ).all();
      for (let i = 0; i < rows.length; i += SOME) {
        yield rows.slice(i, i + SOME).map((row) => toRow(table, row));
      }
    },
    write(table, rows) {
      const names = table.columns.map(({ name }) => name);
      const insert = sql(
        `INSERT INTO ${table.name} (${names.join(", ")}) ` +
          `VALUES (${names.map(() => "?").join(", ")})`,
      );
      for (const row of rows) {
        insert.run(...names.map((name) => {
          const value = row[name] ?? null;
          return typeof value === "boolean" ? Number(value) : value;
        }));
      }
      return Promise.resolve();
    },
    weights: await folderWeights(`${path}-weights`, Date.now),
  };
  sql(how === "read" ? "BEGIN" : "BEGIN IMMEDIATE").run();
  try {
    const value = await work(end);
    sql("COMMIT").run();
    return value;
  } catch (error) {
    if (db.isTransaction) sql("ROLLBACK").run();
    throw error instanceof StorageError || !isSqlite(error)
      ? error
      : explainOpening(path, error);
  } finally {
    close();
  }
};

const isSqlite = (error: unknown) =>
  error instanceof Error && "errcode" in error;

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw explainOpening(path, error);
  }
}
