import { join } from "node:path";

/** A user other than our own; null: our own. */
export type User = { readonly uid: number; readonly gid: number } | null;

/** Nothing of the caller's environment changes what a server does. */
export const surroundings = {
  clearEnv: true,
  env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  cwd: "/",
} as const;

/**
 * Runs the server that its arguments name, sends it the signals named on
 * standard input and says when it has ended. Where standard input ends without
 * another line, whoever started this is gone, perhaps killed: the server goes
 * down, and its folder is deleted. Signals to the whole group, such as Ctrl-C,
 * are not meant for this shell, and nobody reading its output does not end it.
 */
const SUPERVISOR = `
trap '' INT TERM HUP PIPE
folder=$1
shift
exec 3<&0
"$@" </dev/null >>"$folder/log" 2>&1 3<&- &
server=$!
{
  while read -r signal <&3; do kill -s "$signal" "$server"; done
  kill -s QUIT "$server"
} >/dev/null 2>&1 &
watcher=$!
wait "$server"
kill -s KILL "$watcher"
wait "$watcher"
echo ended
read -r keep <&3 || rm -rf "$folder"
`;

const READY = /database system is ready to accept connections/;
/** Milliseconds between looks at the server's log. */
const LOOK = 20;

/** A server that runs, under its supervisor. */
export interface Running {
  /** Sends a signal and waits for the server's end. */
  end(signal: "INT" | "QUIT"): Promise<void>;
}

/**
 * Runs a server's command. Resolves when it takes connections; rejects with its
 * last words.
 */
export async function supervise(
  folder: string,
  user: User,
  command: readonly string[],
): Promise<Running> {
  const log = join(folder, "log");
  const read = () => Deno.readTextFile(log).catch(() => "");
  const before = (await read()).length;
  const child = new Deno.Command("/bin/sh", {
    ...user,
    ...surroundings,
    args: ["-c", SUPERVISOR, "postgres-supervisor", folder, ...command],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const orders = child.stdin.getWriter();
  // The pipe is broken where the supervisor itself was ended.
  const order = (text: string) =>
    orders.write(new TextEncoder().encode(`${text}\n`)).catch(() => {});
  let over = false;
  const output = child.stdout.getReader();
  const ended = output.read().then(async () => {
    over = true;
    await order("keep");
    await orders.close().catch(() => {});
    await output.cancel();
    await child.status;
  });
  for (;;) {
    const gone = over;
    const said = (await read()).slice(before);
    if (READY.test(said)) break;
    if (gone) {
      await ended;
      throw new Error(`PostgreSQL did not start: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  return {
    async end(signal) {
      if (!over) await order(signal);
      await ended;
    },
  };
}
