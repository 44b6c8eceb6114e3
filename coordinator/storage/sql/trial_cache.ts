import type { TrialId } from "../../../protocol/ids.ts";
import type { TrialRecord } from "../../lease/trial.ts";

/** Trials kept at most; of ten thousand volunteers each has one or a few. */
const MOST_KEPT = 20_000;

/** Trials as they are stored, for whoever changes them next. */
export interface TrialCache {
  /** Undefined: it has to be read. */
  get(trialId: TrialId): TrialRecord | undefined;
  /** The trial as it was written just now. */
  keep(trial: TrialRecord): void;
  /** What was kept may not be what is stored. */
  forget(): void;
}

/**
 * Keeps the trials that are being trained or verified, so that a report does
 * not read again what the report before it wrote: reading a trial with its
 * epochs takes longer than writing one epoch more. Only for a database that
 * nobody else writes to.
 */
export function createTrialCache(most = MOST_KEPT): TrialCache {
  const kept = new Map<TrialId, TrialRecord>();
  return {
    get: (trialId) => kept.get(trialId),
    keep(trial) {
      const { trialId } = trial.spec;
      // Set anew, it is the last in the map's order and the last to go.
      kept.delete(trialId);
      if (trial.state !== "leased" && trial.state !== "verifying") return;
      kept.set(trialId, trial);
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    },
    forget: () => kept.clear(),
  };
}
