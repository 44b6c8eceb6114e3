import { shell } from "./shell.ts";

/** Open files of a process besides its volunteers' connections. */
const OTHERS = 100;

/**
 * Why this many volunteers cannot all be connected; null if they can. Each
 * connection needs a file descriptor at both ends and a port of this machine.
 *
 * @param files The most that a process may have open; null: unknown.
 * @param ports Available local ports; null: unknown.
 */
export function tooManyVolunteers(
  volunteers: number,
  files: number | null,
  ports: number | null,
): string | null {
  const needed = volunteers + OTHERS;
  if (files !== null && needed > files) {
    const most = Math.max(0, files - OTHERS);
    return `--volunteers ${volunteers}: a process may open ${files} files ` +
      `here and ${needed} are needed; raise the limit with ` +
      `\`ulimit -n ${needed}\`, or ask for ${most} at most`;
  }
  if (ports !== null && volunteers > ports) {
    return `--volunteers ${volunteers}: there are ${ports} ports to connect ` +
      "from; ask for fewer, or widen net.ipv4.ip_local_port_range";
  }
  return null;
}

/** Deno raises its own limit to the hard limit, so the hard limit counts. */
export async function openFileLimit(): Promise<number | null> {
  const limit = Number(await shell("ulimit -Hn"));
  // "unlimited" is not a number.
  return limit > 0 ? limit : null;
}

/** Only on Linux. */
export async function connectionPorts(): Promise<number | null> {
  const text = await shell("cat /proc/sys/net/ipv4/ip_local_port_range");
  const [first, last] = text?.split(/\s+/).map(Number) ?? [];
  return first === undefined || last === undefined ? null : last - first + 1;
}
