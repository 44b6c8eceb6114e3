/** Whether it is the address of a database server, and not a file's path. */
export function isServer(database: string): boolean {
  return /^postgres(ql)?:\/\//i.test(database);
}

/** The address without its password, for people. */
export function withoutPassword(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `postgres://${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
  } catch {
    return "the database";
  }
}
