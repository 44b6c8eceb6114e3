import os from "node:os";

/** Linux's niceness: a third of what a thread gets that does not step back. */
const NICE = 5;

/**
 * Where processors are short, lets the other threads go before the one that
 * calls this: a leaderboard and a verdict can wait a moment, a worker's call
 * cannot. On Linux alone, where each thread has a priority of its own; elsewhere
 * it would be that of the whole process.
 */
export function stepBack(): void {
  if (Deno.build.os !== "linux") return;
  try {
    os.setPriority(NICE);
  } catch {
    // Not allowed to: nothing depends on it.
  }
}

/** What a confined thread needs for it, as far as its process has it. */
export function stepBackPermission(): {
  readonly sys: ["setPriority"] | false;
} {
  const { state } = Deno.permissions.querySync({
    name: "sys",
    kind: "setPriority",
  });
  return { sys: state === "granted" ? ["setPriority"] : false };
}
