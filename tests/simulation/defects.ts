import type { Storage } from "../../coordinator/storage/storage.ts";
import type { Attempt, TrialRecord } from "../../coordinator/lease/trial.ts";

interface Defect {
  readonly spoil: (good: Storage) => Storage;
  /** What the simulation says to it. */
  readonly complaint: RegExp;
}

/**
 * Storages that each break one promise of the contract: a simulation that
 * finds nothing wrong with them is worth nothing.
 */
export const defects: Readonly<Record<string, Defect>> = {
  "answers for a change that it does not store": {
    complaint: /was (reported|accepted|released): /,
    spoil: (good) => {
      let n = 0;
      return {
        ...good,
        updateLease: (leaseId, change) =>
          good.updateLease(leaseId, (trial, now) => {
            const done = change(trial, now);
            return ++n % 10 === 0 ? { ...done, trial } : done;
          }),
      };
    },
  },

  "forgets a worker": {
    complaint: /lost: worker|500/,
    spoil: (good) => {
      let n = 0;
      return {
        ...good,
        registerWorker: (worker) =>
          ++n % 3 === 0 ? Promise.resolve() : good.registerWorker(worker),
      };
    },
  },

  "forgets that an attempt has ended, and with it the fence": {
    complaint: /was (failed|expired|released|superseded) and is running/,
    spoil: (good) => ({
      ...good,
      updateLease: (leaseId, change) =>
        good.updateLease(leaseId, (trial, now) => change(revived(trial), now)),
    }),
  },

  "replaces the first result by a second one": {
    complaint: /accepted result was replaced|completed attempt/,
    spoil: (good) => ({
      ...good,
      updateLease: (leaseId, change) =>
        good.updateLease(leaseId, (trial, now) => {
          if (trial.state !== "completed") return change(trial, now);
          const { spec, planned, attempts } = trial;
          const open = { spec, planned, attempts, state: "leased" } as const;
          const done = change(open, now);
          return done.trial.state === "completed" ? done : change(trial, now);
        }),
    }),
  },

  "leases a trial again under the number of its last attempt": {
    complaint: /has changed hands|lease id|not stored/,
    spoil: (good) => ({
      ...good,
      claim: (request, change) =>
        good.claim(request, (trial, now) => {
          const attempts = trial.attempts.slice(0, -1);
          return change({ ...trial, attempts }, now);
        }),
    }),
  },

  "never finds a due lease": {
    complaint: /is long overdue/,
    spoil: (good) => ({
      ...good,
      expireDue: () => Promise.resolve([]),
    }),
  },

  "credits a result twice": {
    complaint: /is credited/,
    spoil: (good) => ({
      ...good,
      workers: async (limit) =>
        (await good.workers(limit)).map((listing) => ({
          ...listing,
          trialsCompleted: listing.trialsCompleted * 2,
        })),
    }),
  },
};

/** The trial as if every attempt that ended without a result still ran. */
function revived(trial: TrialRecord): TrialRecord {
  if (trial.state === "completed") return trial;
  const { spec, planned } = trial;
  const attempts = trial.attempts.map((a): Attempt => {
    if (a.state === "running" || a.state === "completed") return a;
    const { endedAt, state: _, ...core } = a;
    return { ...core, state: "running", expiresAt: endedAt };
  });
  const state = attempts.length > 0 ? "leased" : "queued";
  return { spec, planned, attempts, state };
}
