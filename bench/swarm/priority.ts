import os from "node:os";
import { lowerPriority } from "../../coordinator/threads/thread_host.ts";
import { shell } from "./shell.ts";

/** Linux's niceness: a ninth of the coordinator's share of processor time. */
const NICE = 10;

/**
 * Gives the coordinator priority over the calling thread. Real volunteers have
 * their own machines; on a shared machine the coordinator must not wait for a
 * processor that they use. Their own waiting is part of every time that they
 * measure.
 */
export function giveWay(): void {
  lowerPriority(NICE);
}

/**
 * The same for this process's garbage collection threads: thousands of
 * volunteers keep them busy for seconds. Only on Linux.
 */
export async function collectorsGiveWay(): Promise<void> {
  if (Deno.build.os !== "linux") return;
  const found = await shell(`cd /proc/${Deno.pid}/task && grep -l ^V8 */comm`);
  for (const [thread] of found?.matchAll(/^\d+/gm) ?? []) {
    os.setPriority(Number(thread), NICE);
  }
}
