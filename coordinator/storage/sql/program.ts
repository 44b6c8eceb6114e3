/**
 * A statement in the SQL that both databases understand, with its values: `$1`
 * is the first. Three things are translated once, when the statement is
 * prepared: `{rows $1: name type, …}` is a JSON array of objects as a table `r`,
 * `{lock}` keeps what was read as it is until the transaction ends, and
 * `swarm_now()` is the time of a database that has its own, else null.
 */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

export type SqlValue = string | number | boolean | null;

/**
 * Work on a database: it yields its statements one by one and goes on with
 * their rows. SQLite runs it at once, PostgreSQL waits for each statement.
 */
export type Program<T> = Generator<Statement, T, readonly unknown[]>;

/** Runs one statement within a program; its rows. */
export function* query(
  text: string,
  ...values: readonly SqlValue[]
): Program<readonly unknown[]> {
  return yield { text, values };
}

/** Writes the `{rows …}` of a statement as the database wants it. */
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
