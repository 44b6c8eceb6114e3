import { Buffer } from "node:buffer";
import process from "node:process";
import { Writable } from "node:stream";
import { messageOf } from "../../protocol/error_text.ts";

/** What became of what was written last. */
export type Delivery =
  | { readonly type: "delivered" }
  /** Nobody reads any more: the pipe is closed, or the terminal is. */
  | { readonly type: "closed" }
  /** Such as a full disk; a later try may succeed. */
  | { readonly type: "failed"; readonly message: string };

/**
 * One of this process's standard streams. Writing never throws, never emits an
 * error and never waits: a command does its work whether or not somebody reads
 * what it says.
 */
export interface Output extends Writable {
  readonly isTTY: boolean;
  /** Undefined where it is no terminal. */
  readonly columns: number | undefined;
  /** Resolves when all that was written so far is out, or is lost. */
  flush(): Promise<Delivery>;
}

/** A stream as Deno has them. */
export interface OutputTarget {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

type Queued =
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  /** Lines that were left out. */
  | { readonly type: "gap"; lines: number }
  /** Somebody wants to know what became of all before. */
  | { readonly type: "asked"; readonly tell: (delivery: Delivery) => void };

/** Bytes that wait for a reader that has paused; more are left out. */
const MOST_WAITING = 1 << 20;
/** Milliseconds until a pipe that takes nothing now is tried again. */
const AGAIN = 50;

const HIDE_CURSOR = "\x1b[?25l";
/** Shows the cursor and wraps lines, which progress bars turn off. */
const AS_BEFORE = new TextEncoder().encode("\x1b[?25h\x1b[?7h");

/** This process's two outputs; a program may read the first. */
export function standardOutputs(): { stdout: Output; stderr: Output } {
  // The parser of the command line writes by itself.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => {});
  }
  return {
    stdout: createOutput(Deno.stdout, { notes: false }),
    stderr: createOutput(Deno.stderr, { notes: true }),
  };
}

/**
 * @param notes Whether a line shall stand where others are missing: no, where
 * programs read.
 */
export function createOutput(
  target: OutputTarget,
  { notes }: { readonly notes: boolean },
): Output {
  const isTTY = target.isTerminal();
  const queue: Queued[] = [];
  let waiting = 0;
  let running = false;
  let latest: Delivery = { type: "delivered" };
  let missing: { readonly lines: number; readonly why: string } | null = null;
  let changedTerminal = false;

  function lose(lines: number, why: string): void {
    missing = { lines: (missing?.lines ?? 0) + lines, why };
  }

  async function send(bytes: Uint8Array): Promise<Delivery> {
    for (let sent = 0; sent < bytes.length;) {
      try {
        sent += await target.write(bytes.subarray(sent));
      } catch (error) {
        if (
          error instanceof Deno.errors.WouldBlock ||
          error instanceof Deno.errors.Interrupted
        ) {
          await new Promise((resolve) => setTimeout(resolve, AGAIN));
          continue;
        }
        if (isClosed(error, isTTY)) return { type: "closed" };
        const message = messageOf(error);
        return { type: "failed", message };
      }
    }
    return { type: "delivered" };
  }

  async function sendNoting(bytes: Uint8Array): Promise<Delivery> {
    const note = notes && missing !== null
      ? `\n${missing.lines} ${missing.lines === 1 ? "line is" : "lines are"} ` +
        `missing here: ${missing.why}\n`
      : "";
    const delivery = await send(Buffer.concat([Buffer.from(note), bytes]));
    if (delivery.type === "failed") lose(1, delivery.message);
    else missing = null;
    return delivery;
  }

  async function run(): Promise<void> {
    running = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      switch (next.type) {
        case "asked":
          next.tell(latest);
          break;
        case "gap":
          lose(next.lines, "nobody read them");
          break;
        case "bytes":
          waiting -= next.bytes.length;
          if (latest.type !== "closed") latest = await sendNoting(next.bytes);
          break;
        default:
          next satisfies never;
      }
    }
    running = false;
  }

  function push(next: Queued): void {
    queue.push(next);
    if (!running) void run();
  }

  function leaveOut(): void {
    const last = queue.at(-1);
    if (last?.type === "gap") last.lines++;
    else push({ type: "gap", lines: 1 });
  }

  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      done();
      // A single large piece is the command's result: it always waits.
      if (waiting > MOST_WAITING) return leaveOut();
      if (isTTY && Buffer.from(chunk).includes(HIDE_CURSOR)) {
        changedTerminal = true;
      }
      waiting += chunk.length;
      push({ type: "bytes", bytes: chunk });
    },
  });
  // Every way out passes here, also one that does not wait for a flush.
  addEventListener("unload", () => {
    if (!changedTerminal) return;
    try {
      target.writeSync(AS_BEFORE);
    } catch {
      // The terminal is gone, and so is what was to be restored.
    }
  });
  return Object.defineProperties(stream, {
    isTTY: { value: isTTY },
    columns: { get: () => isTTY ? columnsNow() : undefined },
    flush: {
      value: () =>
        new Promise<Delivery>((tell) => push({ type: "asked", tell })),
    },
  }) as Output;
}

function columnsNow(): number | undefined {
  try {
    // A terminal that does not know its size says 0.
    return Deno.consoleSize().columns || undefined;
  } catch {
    return undefined;
  }
}

/** A terminal that was closed answers EIO; a disk does so when it is broken. */
function isClosed(error: unknown, isTTY: boolean): boolean {
  if (error instanceof Deno.errors.BrokenPipe) return true;
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "EPIPE" || isTTY && (code === "EIO" || code === "ENXIO");
}

/** Milliseconds for the last words of a command that is asked to end. */
const LAST_WORDS = 1000;

/**
 * Waits until everything is out. Once `signal` is aborted, a reader that has
 * paused is not waited for any more.
 */
export async function flushAll(
  outputs: readonly Output[],
  signal: AbortSignal,
): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const late = () => setTimeout(limit.resolve, LAST_WORDS);
  if (signal.aborted) late();
  else signal.addEventListener("abort", late, { once: true });
  await Promise.race([
    Promise.all(outputs.map((output) => output.flush())),
    limit.promise,
  ]);
}
