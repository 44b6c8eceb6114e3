import os from "node:os";

/** Linux's niceness: a third of the time that a thread gets at 0. */
const NICE = 5;

/**
 * Lowers the priority of the thread that calls this: a leaderboard and a verdict
 * can wait a moment, a worker's call cannot. On Linux alone, where each thread
 * has a priority of its own; elsewhere it would be the whole process's.
 */
export function lowerPriority(niceness: number = NICE): void {
  if (Deno.build.os !== "linux") return;
  try {
    os.setPriority(niceness);
  } catch {
    // Not permitted; nothing depends on it.
  }
}
