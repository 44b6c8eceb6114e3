import { shell } from "./shell.ts";

/** Files that a process has open besides its volunteers' connections. */
const OTHERS = 100;

/**
 * Why so many volunteers cannot all be connected; null: they can. Each has a
 * connection, which takes a file descriptor on both of its ends, and a port of
 * this machine.
 *
 * @param files The most that a process may have open; null: not known.
 * @param ports Ports that connections may begin at; null: not known.
 */
export function tooManyVolunteers(
  volunteers: number,
  files: number | null,
  ports: number | null,
): string | null {
  const needed = volunteers + OTHERS;
  if (files !== null && needed > files) {
    return `--volunteers ${volunteers}: a process may open ${files} files ` +
      `here and ${needed} are needed; raise it with \`ulimit -n ${needed}\`, ` +
      `or ask for ${Math.max(0, files - OTHERS)} at most`;
  }
  if (ports !== null && volunteers > ports) {
    return `--volunteers ${volunteers}: there are ${ports} ports to connect ` +
      "from; ask for fewer, or widen net.ipv4.ip_local_port_range";
  }
  return null;
}

/** Deno raises its own limit to the hardest one, so that is what counts. */
export async function openFileLimit(): Promise<number | null> {
  const limit = Number(await shell("ulimit -Hn"));
  // "unlimited" is no number.
  return limit > 0 ? limit : null;
}

/** Only on Linux. */
export async function connectionPorts(): Promise<number | null> {
  const text = await shell("cat /proc/sys/net/ipv4/ip_local_port_range");
  const [first, last] = text?.split(/\s+/).map(Number) ?? [];
  return first === undefined || last === undefined ? null : last - first + 1;
}
