import { fileURLToPath } from "node:url";
import * as z from "zod";

/** Starting the product's commands as real processes, for tests. */

const root = new URL("../", import.meta.url);

/**
 * Time limit in milliseconds for anything that a test waits for. Only a failing
 * test waits this long: no test may depend on the machine's speed.
 */
export const PATIENCE = 600_000;

/** A running command whose output is kept line by line. */
export interface RunningCommand {
  readonly pid: number;
  /** Everything written so far, both streams. */
  readonly output: () => string;
  /** Standard output alone. */
  readonly stdout: () => string;
  /** The first match in the output; rejects at its end, or much too late. */
  waitFor(pattern: RegExp): Promise<RegExpMatchArray>;
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<Deno.CommandStatus>;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. Default: the project's root. */
  readonly cwd?: string;
  /** A command that runs the command that follows its arguments. */
  readonly under?: readonly [string, ...string[]];
}

const Config = z.object({
  tasks: z.record(z.string(), z.object({ command: z.string() })),
});

/** Each task's command, as `deno.json` has it. */
export function taskCommands(): Readonly<Record<string, string>> {
  const text = Deno.readTextFileSync(new URL("deno.json", root));
  const { tasks } = Config.parse(JSON.parse(text));
  return Object.fromEntries(
    Object.entries(tasks).map(([name, { command }]) => [name, command]),
  );
}

/** The packages' versions, whatever the working directory is. */
export const lockFlags = [
  `--lock=${fileURLToPath(new URL("deno.lock", root))}`,
  "--frozen",
] as const;

/** The flags that the script's task has: all that its users give it. */
export function flagsOf(script: string): string[] {
  const command = Object.values(taskCommands())
    .find((text) => text.endsWith(` ${script}`));
  const flags = command?.match(/(?<= )--\S+/g) ?? ["-A"];
  return [
    ...lockFlags,
    ...flags.filter((flag) => !/^--(lock|frozen)\b/.test(flag)),
  ];
}

/** What a script prints that is given as text, and imports from the root. */
export async function printed(
  source: string,
  flags: readonly string[],
  args: readonly string[] = [],
): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, "-", ...args],
    cwd: fileURLToPath(root),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(source));
  await input.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

/** Runs a script of the project as its task does, or with all permissions. */
export function runScript(
  script: string,
  args: readonly string[],
  options: CommandOptions = {},
): RunningCommand {
  return run(script, [
    ...["run", "--no-prompt", ...flagsOf(script)],
    ...["--config", fileURLToPath(new URL("deno.json", root))],
    fileURLToPath(new URL(script, root)),
    ...args,
  ], options);
}

/**
 * Runs a task with all that it does before. Signals do not reach its command:
 * where a test sends some, `runScript` is to be taken.
 */
export function runTask(
  task: string,
  args: readonly string[],
  options: CommandOptions = {},
): RunningCommand {
  return run(task, ["task", task, ...args], options);
}

function run(
  name: string,
  args: readonly string[],
  { env = {}, cwd = fileURLToPath(root), under }: CommandOptions,
): RunningCommand {
  const [command, ...before] = under === undefined
    ? [Deno.execPath()]
    : [...under, Deno.execPath()];
  const child = new Deno.Command(command, {
    args: [...before, ...args],
    cwd,
    // The tests' own task has set it to where the tests were started.
    env: { NO_COLOR: "1", INIT_CWD: cwd, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let all = "";
  let standard = "";
  const listeners = new Set<() => void>();
  const read = async (
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    add: (text: string) => void,
  ) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      add(text);
      for (const listener of listeners) listener();
    }
  };
  const reading = Promise.all([
    read(child.stdout, (text) => {
      all += text;
      standard += text;
    }),
    read(child.stderr, (text) => all += text),
  ]);
  const ended = reading.then(() => child.status);
  return {
    pid: child.pid,
    output: () => all,
    stdout: () => standard,
    waitFor(pattern) {
      return new Promise((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`no ${pattern} in a long while: ${all}`)),
          PATIENCE,
        );
        const look = () => {
          const match = all.match(pattern);
          if (match === null) return;
          clearTimeout(late);
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        look();
        ended.then(({ code }) => {
          look();
          clearTimeout(late);
          reject(
            new Error(`${name} ended with ${code}, no ${pattern}: ${all}`),
          );
        });
      });
    },
    kill(signal) {
      try {
        child.kill(signal);
      } catch (error) {
        // It has ended by itself meanwhile.
        if (!(error instanceof TypeError)) throw error;
      }
    },
    ended,
  };
}
