import type { Transact } from "../storage/storage.ts";
import type { Policy } from "./policy.ts";
import { transition } from "./transition.ts";
import type { Instant, TrialRecord } from "./trial.ts";
import type { Transition, TrialEvent } from "./trial_event.ts";

/** The lease machine as a function that a storage runs. */
export function step(
  event: (trial: TrialRecord, now: Instant) => TrialEvent,
  policy: Policy,
): Transact<Transition> {
  return (trial, now) => {
    const value = transition(trial, event(trial, now), policy);
    return value.ok
      ? {
        trial: value.trial,
        changed: value.effects.some(({ type }) => type === "changed"),
        value,
      }
      : { trial, changed: false, value };
  };
}
