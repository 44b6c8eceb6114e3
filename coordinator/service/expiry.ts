import type { Storage } from "../storage/storage.ts";
import type { Actor } from "./effects.ts";
import type { Schedule } from "./event_hub.ts";
import type { LeaseTerms } from "../lease/policy.ts";
import type { Log } from "./log.ts";
import type { Policy } from "../lease/policy.ts";
import { step } from "./effects.ts";

/** Milliseconds between two sweeps. */
const EVERY = 5_000;

/**
 * Tolerance in milliseconds between the storage's clock and the waited time. A
 * larger difference means that the machine slept or its clock was set forward.
 */
const LEAP = 10_000;

/** Trials per transaction, so that other calls run in between. */
const BATCH = 100;

export interface Sweeper {
  /** Expires due leases; resolves to their number. */
  sweep(): Promise<number>;
  start(): void;
  stop(): void;
}

/**
 * Expires leases that were not renewed in time. After a start it first waits
 * for the time of a shortest lease: nobody could renew while the coordinator
 * was down, and active workers will have called by then. It waits in the same
 * way after a clock jump (the machine slept, or the clock was set) and after an
 * outage of the storage. Only one of several coordinators sweeps at a time.
 */
export function createSweeper(deps: {
  readonly storage: Storage;
  readonly schedule: Schedule;
  readonly policy: Policy;
  readonly terms: LeaseTerms;
  readonly actor: Actor;
  readonly log: Log;
}): Sweeper {
  const { storage, schedule, policy, terms, actor, log } = deps;
  let cancel: (() => void) | null = null;
  let stopped = false;

  async function sweep(): Promise<number> {
    let ended = 0;
    for (;;) {
      const changes = await storage.expireDue(
        step((_, now) => ({ type: "expire", now }), policy),
        BATCH,
      );
      for (const changed of changes) {
        actor.act(changed);
        const { value } = changed;
        if (value.ok && value.reply.type === "expired") {
          ended += value.reply.attempts;
        }
      }
      if (changes.length < BATCH) return ended;
    }
  }

  function later(milliseconds: number): void {
    if (stopped) return;
    const since = storage.now();
    cancel = schedule(milliseconds, () => {
      const leap = storage.now() - since - milliseconds;
      if (leap > LEAP) {
        log("warn", "the clock jumped forward: leases get time to be renewed", {
          seconds: Math.round(leap / 1000),
        });
        later(terms.minTtl * 1000);
        return;
      }
      storage.exclusively("sweep", sweep).then(
        () => later(EVERY),
        (error) => {
          // The storage may be closed during a running sweep.
          if (!stopped) log("error", "sweep failed", { error: String(error) });
          later(terms.minTtl * 1000);
        },
      );
    });
  }

  return {
    sweep,
    start() {
      if (cancel === null) later(terms.minTtl * 1000);
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
