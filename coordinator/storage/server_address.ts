/** Whether the text is the address of a database server and not a path. */
export function isServer(database: string): boolean {
  return /^postgres(ql)?:\/\//i.test(database);
}

/** The address without its password, for messages. */
export function withoutPassword(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `postgres://${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
  } catch {
    return "the database";
  }
}
