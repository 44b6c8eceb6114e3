/** How this process is asked to end. */
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
 * Listens to Ctrl-C and SIGTERM. Each further signal cuts short what the one
 * before began: first draining, then the end itself.
 */
export function stopSignals(): StopSignals {
  const stopping = new AbortController();
  let draining = false;
  let drained: { seconds: number; begin: () => void } | null = null;
  const stop = () => stopping.abort(new Error("stopped by the user"));
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      if (stopping.signal.aborted) Deno.exit(130);
      if (name === "SIGINT" || draining || drained === null) return stop();
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
