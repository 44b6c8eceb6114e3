import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Program, replaceRows, type SqlValue } from "../sql/program.ts";

/** Prepares each statement once and keeps it while the database is open. */
export type Sql = (text: string) => StatementSync;

export function prepareOnce(db: DatabaseSync): Sql {
  const statements = new Map<string, StatementSync>();
  return (text) => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    const made = db.prepare(translate(text));
    statements.set(text, made);
    return made;
  };
}

/** Translates the common SQL to SQLite's. */
function translate(text: string): string {
  return replaceRows(text, (parameter, columns) => {
    const values = columns.map(({ name }) => `value ->> '${name}' AS ${name}`);
    return `(SELECT ${values.join(", ")} FROM json_each(${parameter})) AS r`;
  })
    // There is no other writer, and the clock is this process's.
    .replace("{lock}", "").replaceAll("swarm_now()", "NULL")
    .replace(/\$(\d)/g, "?$1");
}

/** A value as SQLite stores it. */
export function toSqlite(value: SqlValue): string | number | null {
  return typeof value === "boolean" ? Number(value) : value;
}

/** Runs a program synchronously. */
export function runProgram<T>(sql: Sql, program: Program<T>): T {
  let step = program.next();
  while (!step.done) {
    const { text, values } = step.value;
    step = program.next(sql(text).all(...values.map(toSqlite)));
  }
  return step.value;
}
