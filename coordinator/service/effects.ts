import type { Effect, Transition, TrialEvent } from "../lease/events.ts";
import type { Policy } from "../lease/policy.ts";
import { transition } from "../lease/transition.ts";
import type { Attempt, Instant, TrialRecord } from "../lease/trial.ts";
import type { Changed, Transact } from "../storage/storage.ts";
import type { EventHub } from "./event_hub.ts";
import type { Log, LogLevel } from "./log.ts";

/** Carries out the effects of a stored transition. */
export interface Actor {
  act(changed: Changed<Stepped>): void;
  count(name: string): void;
  /** Number of events since the start, by name. */
  readonly counters: ReadonlyMap<string, number>;
}

/**
 * Publishes effects to pages and the log, and counts them.
 *
 * @param onMoved Called with each attempt that is in another state now.
 */
export function createActor(
  hub: Pick<EventHub, "publish">,
  log: Log,
  onMoved: (attempt: Attempt) => void = () => {},
): Actor {
  const counters = new Map<string, number>();

  function count(name: string): void {
    counters.set(name, (counters.get(name) ?? 0) + 1);
  }

  return {
    counters,
    count,
    act({ value, studyId, trialId, revision }) {
      if (!value.ok) {
        count(`rejected:${value.rejection}`);
        return;
      }
      const { params, replicate } = value.trial.spec;
      for (const effect of value.effects) {
        if (effect.type === "changed") {
          hub.publish({ type: "changed", studyId, revision });
          continue;
        }
        count(effect.type);
        if (effect.type === "epoch") {
          const { metrics } = effect;
          hub.publish({ type: "epoch", trialId, params, replicate, metrics });
        }
        const worker = "workerId" in effect
          ? { workerId: effect.workerId }
          : {};
        log(levels[effect.type], effect.type, { trialId, ...worker });
      }
      for (const attempt of value.moved) onMoved(attempt);
    },
  };
}

const levels: Record<Exclude<Effect["type"], "changed">, LogLevel> = {
  "epoch": "debug",
  "lease-granted": "debug",
  "lease-released": "debug",
  "lease-expired": "info",
  "trial-failed": "warn",
  "result-received": "debug",
  "result-lost": "error",
  "result-withdrawn": "warn",
  "result-accepted": "info",
  "result-refused": "warn",
  "attempt-superseded": "info",
  "trial-quarantined": "warn",
};

/** A transition, with the attempts that it put into another state. */
export type Stepped = Transition & { readonly moved: readonly Attempt[] };

/** The lease machine as a function for the storage. */
export function step(
  event: (trial: TrialRecord, now: Instant) => TrialEvent,
  policy: Policy,
): Transact<Stepped> {
  return (trial, now) => {
    const value = transition(trial, event(trial, now), policy);
    return value.ok
      ? {
        trial: value.trial,
        changed: value.effects.some(({ type }) => type === "changed"),
        value: { ...value, moved: moved(trial, value.trial) },
      }
      : { trial, changed: false, value: { ...value, moved: [] } };
  };
}

function moved(before: TrialRecord, after: TrialRecord): readonly Attempt[] {
  if (before === after) return [];
  const states = new Map(before.attempts.map((a) => [a.attempt, a.state]));
  return after.attempts.filter(({ attempt, state }) => {
    const was = states.get(attempt);
    return was !== undefined && was !== state;
  });
}
