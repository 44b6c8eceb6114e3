import type { LeaseId, Sha256, StudyId } from "../protocol/ids.ts";
import type { Storage } from "../storage/storage.ts";
import type { Schedule } from "../swarm/event_hub.ts";
import type { Log } from "../swarm/log.ts";
import {
  type DeliveredAttempt,
  deliveredAttempts,
  type TrialRecord,
} from "../swarm/trial.ts";
import type { Verdict } from "../swarm/trial_event.ts";
import { compareFigures } from "./compare_figures.ts";
import { type Verifier, VerifierError } from "./verifier_api.ts";
import type { WeightsStore } from "./weights_store.ts";

/** What verification takes. */
export interface Verification {
  readonly verifier: Verifier;
  readonly weights: WeightsStore;
}

/** Where delivered results wait for their verdicts. */
export interface Desk {
  /** A result was delivered. */
  wake(): void;
  /** Resolves when nothing waits that could be judged now. */
  idle(): Promise<void>;
  close(): void;
}

/** Deliveries that are looked at together: the quick ones go first. */
const BATCH = 16;
/** Times that judging one result may bring the verifier down. */
const MOST_FAILURES = 3;
/** Milliseconds until a verifier that cannot be used is tried again. */
const RETRY = 5_000;
/** Milliseconds for which weights without a result are kept. */
const ORPHAN = 3_600_000;

/**
 * Judges what workers deliver, one result after the other, off the request
 * path. What waits is in the storage and nowhere else, so a restart goes on
 * with it, and a verdict is stored by the lease machine like any other event.
 */
export function createDesk(deps: {
  readonly storage: Storage;
  readonly verification: Verification;
  readonly study: () => {
    readonly studyId: StudyId;
    readonly testExamples: number;
  } | null;
  readonly settle: (leaseId: LeaseId, verdict: Verdict) => Promise<void>;
  readonly schedule: Schedule;
  readonly now: () => number;
  readonly log: Log;
}): Desk {
  const { storage, study, settle, schedule, now, log } = deps;
  const { verifier, weights } = deps.verification;
  const failures = new Map<LeaseId, number>();
  let cancelRetry: () => void = () => {};
  let closed = false;
  let again = false;
  let running: Promise<void> | null = null;

  async function recompute(
    trial: TrialRecord,
    { leaseId, delivery }: DeliveredAttempt,
    sha256: Sha256,
    testExamples: number,
  ): Promise<Verdict> {
    const bytes = await weights.get(leaseId, sha256);
    if (bytes === null) {
      return { type: "lost", message: "the coordinator lost the weights" };
    }
    const recomputed = await verifier.evaluate(trial.spec, bytes);
    const problems = compareFigures(delivery.result, recomputed, testExamples);
    return problems.length > 0
      ? { type: "false", problems }
      : { type: "true", recomputed };
  }

  /** That a trial diverges shows no weights; it has to do so again. */
  async function divergeAgain({ spec }: TrialRecord): Promise<Verdict> {
    const { outcome } = await verifier.repeat(spec, spec.recipe.epochs);
    return outcome === "diverged" ? { type: "true", recomputed: null } : {
      type: "false",
      problems: ["the trial did not diverge when it was repeated"],
    };
  }

  async function judge(
    trial: TrialRecord,
    attempt: DeliveredAttempt,
    testExamples: number,
  ): Promise<Verdict> {
    const { leaseId, delivery } = attempt;
    try {
      return delivery.weights === null
        ? await divergeAgain(trial)
        : await recompute(trial, attempt, delivery.weights, testExamples);
    } catch (error) {
      if (!(error instanceof VerifierError) || !error.usable) throw error;
      const failed = (failures.get(leaseId) ?? 0) + 1;
      failures.set(leaseId, failed);
      log("error", "verifier failed", { leaseId, error: error.message });
      if (failed < MOST_FAILURES) throw error;
      return {
        type: "false",
        problems: [`it cannot be verified: ${error.message}`],
      };
    }
  }

  async function work(): Promise<void> {
    while (!closed) {
      again = false;
      const active = study();
      if (active === null) return;
      const { studyId, testExamples } = active;
      const waiting = (await storage.verifying(studyId, BATCH))
        .flatMap((trial) =>
          deliveredAttempts(trial).map((attempt) => ({ trial, attempt }))
        );
      const next = waiting.find((w) => w.attempt.delivery.weights !== null) ??
        waiting[0];
      if (next === undefined) {
        if (again) continue;
        return;
      }
      const { trial, attempt } = next;
      const verdict = await judge(trial, attempt, testExamples);
      if (closed) return;
      await settle(attempt.leaseId, verdict);
      failures.delete(attempt.leaseId);
      await weights.delete(attempt.leaseId);
    }
  }

  /** Weights whose results never came. */
  async function dropOrphans(): Promise<void> {
    for (const leaseId of weights.keptBefore(now() - ORPHAN)) {
      const kept = await storage.updateLease(leaseId, (trial) => ({
        trial,
        changed: false,
        value: deliveredAttempts(trial).some((a) => a.leaseId === leaseId),
      }));
      if (kept?.value !== true) await weights.delete(leaseId);
    }
  }

  function wake(): void {
    again = true;
    if (running !== null || closed) return;
    cancelRetry();
    running = work().then(dropOrphans).catch((error) => {
      // The storage may be closed under a judgement that was under way.
      if (closed) return;
      const message = error instanceof Error ? error.message : String(error);
      log("error", "verification waits", { error: message });
      cancelRetry = schedule(RETRY, wake);
    }).finally(() => {
      running = null;
      // Something came after the last look.
      if (again) wake();
    });
  }

  return {
    wake,
    async idle() {
      while (running !== null) await running;
    },
    close() {
      closed = true;
      cancelRetry();
      verifier.close();
    },
  };
}
