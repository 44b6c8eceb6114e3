import os from "node:os";
import { lowerPriority } from "../../coordinator/threads/thread_priority.ts";
import { shell } from "./shell.ts";

/** Linux's niceness: a ninth of what the coordinator's threads get. */
const NICE = 10;

/**
 * Lets the coordinator go before the thread that calls this. Volunteers have
 * machines of their own; where they share the coordinator's, it must not wait
 * for a processor that they are using. What they wait for is in every time they
 * measure.
 */
export function giveWay(): void {
  lowerPriority(NICE);
}

/**
 * The same for the threads that collect this process's garbage: thousands of
 * volunteers make some for whole seconds. On Linux alone, too.
 */
export async function collectorsGiveWay(): Promise<void> {
  if (Deno.build.os !== "linux") return;
  const found = await shell(`cd /proc/${Deno.pid}/task && grep -l ^V8 */comm`);
  for (const [thread] of found?.matchAll(/^\d+/gm) ?? []) {
    os.setPriority(Number(thread), NICE);
  }
}
