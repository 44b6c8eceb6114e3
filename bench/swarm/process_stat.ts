/** A process, from `/proc/<pid>/stat`. */
interface Stat {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** Seconds of user and system time. */
  readonly own: number;
  /** Seconds of its ended children. */
  readonly ended: number;
}

/**
 * Ticks a second of `/proc/<pid>/stat`: the same on all current Linux systems.
 */
const TICKS = 100;

export function parseStat(line: string): Stat {
  // The name in parentheses may contain spaces and parentheses too.
  const [from, to] = [line.indexOf("("), line.lastIndexOf(")")];
  const fields = line.slice(to + 2).split(" ").map(Number);
  const [, parent = NaN] = fields;
  const seconds = (field: number) =>
    ((fields[field] ?? NaN) + (fields[field + 1] ?? NaN)) / TICKS;
  return {
    pid: Number(line.slice(0, from)),
    name: line.slice(from + 1, to),
    parent,
    own: seconds(11),
    ended: seconds(13),
  };
}

/**
 * Seconds that all processes of a PostgreSQL server have run, ended ones
 * included: the server is the parent of each and waited for them.
 *
 * @param stats The lines of all processes.
 * @param pid A process that serves a connection.
 * @returns null if it is on another machine or in another container.
 */
export function serverSeconds(stats: string, pid: number): number | null {
  const processes = stats.split("\n").map(parseStat);
  const find = (wanted: number) => processes.find(({ pid }) => pid === wanted);
  const serving = find(pid);
  const server = serving?.name.startsWith("postgres")
    ? find(serving.parent)
    : undefined;
  if (server === undefined) return null;
  return processes.reduce(
    (sum, { parent, own }) => parent === server.pid ? sum + own : sum,
    server.own + server.ended,
  );
}
