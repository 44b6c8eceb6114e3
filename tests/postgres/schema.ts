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

export async function emptySchema(database: string): Promise<Schema> {
  const name = `test_${++schemas}`;
  await psql(`CREATE SCHEMA ${name}`, database);
  const url = new URL(database);
  url.searchParams.set("options", `-c search_path=${name}`);
  return { name, url: url.href };
}
