import os from "node:os";

/** Linux's niceness: a third of what a thread gets that does not step back. */
const NICE = 5;

/**
 * Where processors are short, lets the other threads go before the one that
 * calls this: a leaderboard and a verdict can wait a moment, a worker's call
 * cannot. On Linux alone, where each thread has a priority of its own; elsewhere
 * it would be that of the whole process.
 *
 * @param niceness How far.
 */
export function lowerPriority(niceness: number = NICE): void {
  if (Deno.build.os !== "linux") return;
  try {
    os.setPriority(niceness);
  } catch {
    // Not allowed to: nothing depends on it.
  }
}

/**
 * What a thread may do that only computes, and steps back: no more, and that as
 * far as its process may.
 *
 * @param read The files that it reads; default: none.
 */
export function confined(read: URL[] | false = false) {
  const { state } = Deno.permissions.querySync({
    name: "sys",
    kind: "setPriority",
  });
  return {
    read,
    net: false,
    write: false,
    env: false,
    sys: state === "granted" ? ["setPriority" as const] : false,
    run: false,
    ffi: false,
    import: false,
  } satisfies Deno.PermissionOptionsObject;
}
