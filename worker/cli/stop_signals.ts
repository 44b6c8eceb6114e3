import { fstatSync } from "node:fs";

/** How a command is asked to end. */
export interface StopSignals {
  /** Aborted when it shall. */
  readonly signal: AbortSignal;
  /**
   * From now on SIGTERM calls `begin` first, and aborts so many seconds later:
   * a balancer needs them to notice that this one goes. 0: at once, as ever.
   */
  drain(seconds: number, begin: () => void): void;
}

/**
 * Milliseconds in which further signals are the same request. A supervisor that
 * signals a process group, `deno task` and npx, which pass a signal on that the
 * terminal has sent to all of them, and systemd's SIGHUP after SIGTERM all
 * deliver one request several times.
 */
export const ONE_REQUEST = 1000;

/** Deno knows no others on Windows. */
const names: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/**
 * Listens to every signal that asks a command to end. Each further request cuts
 * short what the one before began: first draining, then the end itself.
 */
export function stopSignals(): StopSignals {
  const stopping = new AbortController();
  let draining = false;
  let drained: { seconds: number; begin: () => void } | null = null;
  let requestedAt = -Infinity;
  const stop = () => stopping.abort(new Error("stopped by the user"));
  const survivesHangup = startedByNohup();
  for (const name of names) {
    Deno.addSignalListener(name, () => {
      if (name === "SIGHUP" && survivesHangup) return;
      const now = performance.now();
      if (now - requestedAt < ONE_REQUEST) return;
      requestedAt = now;
      if (stopping.signal.aborted) Deno.exit(130);
      if (name !== "SIGTERM" || draining || drained === null) return stop();
      draining = true;
      drained.begin();
      setTimeout(stop, drained.seconds * 1000);
    });
  }
  return {
    signal: stopping.signal,
    drain(seconds, begin) {
      drained = seconds > 0 ? { seconds, begin } : null;
    },
  };
}

/**
 * Whether the end of the terminal shall not end this process. nohup asks for
 * that by ignoring SIGHUP, but a listener replaces that, and `deno task` does
 * not hand it on. What remains is how nohup leaves the standard streams: GNU's
 * gives an input that cannot be read in place of a terminal, others leave the
 * terminal as input and take both outputs away.
 */
function startedByNohup(): boolean {
  if (Deno.build.os === "windows") return false;
  if (Deno.stdin.isTerminal()) {
    return Deno.build.os !== "linux" && !Deno.stdout.isTerminal() &&
      !Deno.stderr.isTerminal();
  }
  try {
    // A pipe's or a socket's reading could wait.
    if (!fstatSync(0).isCharacterDevice()) return false;
    Deno.stdin.readSync(new Uint8Array(1));
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EBADF";
  }
}

/**
 * Tells of errors that nothing caught, in place of the runtime, which would end
 * the process with a stack trace and leave leases and terminal as they are.
 */
export function onStrayError(tell: (error: unknown) => void): void {
  addEventListener("error", (event) => {
    event.preventDefault();
    tell(event.error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    tell(event.reason);
  });
}
