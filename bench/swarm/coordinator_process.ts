import { fileURLToPath } from "node:url";
import * as z from "zod";
import { parseStat } from "./process_stat.ts";
import { shell } from "./shell.ts";

/** The coordinator as users start it, in its own process. */
export interface CoordinatorProcess {
  readonly url: string;
  readonly pid: number;
  /** Kills it without a warning. */
  kill(): Promise<void>;
  /** Ends it as Ctrl-C does. */
  stop(): Promise<void>;
}

export interface CoordinatorStart {
  /** Path of the study's JSON file, or a built-in study's name. */
  readonly study: string;
  /** The value of `--db`. */
  readonly db: string;
  /** Folder with the data set. */
  readonly data?: string;
  readonly port: number;
}

const root = new URL("../../", import.meta.url);

const Config = z.object({
  tasks: z.object({ start: z.object({ command: z.string() }) }),
});

/**
 * The command of `deno task start`, as arguments. It is started without `deno
 * task`, because a signal would reach that process and not the coordinator.
 */
async function startCommand(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("deno.json", root));
  const { command } = Config.parse(JSON.parse(text)).tasks.start;
  return command.split(" ").slice(1);
}

/** Milliseconds: a large study is planned before the first answer. */
const START_PATIENCE = 120_000;

/** Starts it, and waits until it answers. */
export async function startCoordinator(
  { study, db, data, port }: CoordinatorStart,
): Promise<CoordinatorProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...await startCommand(),
      ...["--workers", "0", "--study", study, "--db", db],
      ...["--port", String(port)],
      // Simulated volunteers have no weights that could be verified.
      "--trust-workers",
      ...data === undefined ? [] : ["--data", data],
    ],
    cwd: fileURLToPath(root),
    // A proxy on this machine would send the volunteers' addresses this way.
    env: { NO_COLOR: "1", SWARM_TRUST_PROXY: "loopback" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  const reading = (async () => {
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      said = (said + text).slice(-2000);
    }
  })();
  let ended = false;
  const end = Promise.all([child.status, reading]).then(() => ended = true);
  const url = `http://127.0.0.1:${port}`;
  const patience = performance.now() + START_PATIENCE;
  for (;;) {
    if (ended || performance.now() > patience) {
      if (!ended) child.kill("SIGKILL");
      throw new Error(`the coordinator did not start: ${said}`);
    }
    const here = await fetch(`${url}/healthz`).then(
      async (response) => {
        await response.body?.cancel();
        return response.ok;
      },
      () => false,
    );
    if (here) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const signal = async (name: Deno.Signal) => {
    if (!ended) child.kill(name);
    await end;
  };
  return {
    url,
    pid: child.pid,
    kill: () => signal("SIGKILL"),
    stop: () => signal("SIGINT"),
  };
}

/** Runs the same command with other flags until it ends. */
export async function runStart(
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly said: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...await startCommand(), ...flags],
    cwd: fileURLToPath(root),
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { code, said: new TextDecoder().decode(stderr).slice(-2000) };
}

/** A port that was free a moment ago, because a restart needs the same one. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** The system's figures for a process; null if it is not Linux. */
export interface ProcessUse {
  /** Resident memory in bytes. */
  readonly memory: number;
  /** Seconds that all its threads have run. */
  readonly cpuSeconds: number;
  /** Open files and connections. */
  readonly files: number;
}

export async function processUse(pid: number): Promise<ProcessUse | null> {
  const said = await shell(
    `cd /proc/${pid} && grep VmRSS status && cat stat && ls fd | wc -l`,
  );
  if (said === null) return null;
  const [memory = "", stat = "", files] = said.split("\n");
  return {
    memory: Number(/\d+/.exec(memory)?.[0]) * 1024,
    cpuSeconds: parseStat(stat).own,
    files: Number(files),
  };
}
