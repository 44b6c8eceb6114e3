/**
 * A statement in SQL that both databases understand, with its values; `$1` is
 * the first. Three constructs are translated once, when the statement is
 * prepared: `{rows $1: name type, …}` is a JSON array of objects as a table
 * `r`, `{lock}` locks the rows until the transaction ends, and `swarm_now()` is
 * the database's own time, or null on SQLite.
 */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

export type SqlValue = string | number | boolean | null;

/**
 * Work on a database: a generator that yields its statements and receives their
 * rows. SQLite runs it synchronously, PostgreSQL waits for each statement.
 */
export type Program<T> = Generator<Statement, T, readonly unknown[]>;

/** Runs one statement within a program and returns its rows. */
export function* query(
  text: string,
  ...values: readonly SqlValue[]
): Program<readonly unknown[]> {
  return yield { text, values };
}

/** Translates the `{rows …}` of a statement for the database. */
export function replaceRows(
  text: string,
  write: (
    parameter: string,
    columns: readonly { readonly name: string; readonly type: string }[],
  ) => string,
): string {
  return text.replace(
    /\{rows (\$\d+): ([^}]*)\}/g,
    (_, parameter: string, columns: string) =>
      write(
        parameter,
        columns.split(", ").map((column) => {
          const [name = "", ...type] = column.split(" ");
          return { name, type: type.join(" ") };
        }),
      ),
  );
}
