// @ts-types="@types/pg"
import pg from "pg";

let schemas = 0;

/** Runs a statement past the program. */
export async function psql(text: string, url: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** An empty schema of a database: as good as a database, and made at once. */
export interface Schema {
  readonly name: string;
  /** The address of the database, seen through this schema alone. */
  readonly url: string;
}

/** Schemas that are made at a go: a connection costs far more than a schema. */
const AT_A_GO = 100;
/** Those that nobody has taken yet, by database. */
const made = new Map<string, string[]>();

export async function emptySchema(database: string): Promise<Schema> {
  let free = made.get(database);
  if (free === undefined || free.length === 0) {
    free = Array.from({ length: AT_A_GO }, () => `test_${++schemas}`);
    made.set(database, free);
    const text = free.map((name) => `CREATE SCHEMA ${name}`).join("; ");
    await psql(text, database);
  }
  const name = free.pop();
  if (name === undefined) throw new Error("another call took the last one");
  const url = new URL(database);
  url.searchParams.set("options", `-c search_path=${name}`);
  return { name, url: url.href };
}
