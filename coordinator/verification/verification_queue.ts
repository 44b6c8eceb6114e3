import { messageOf } from "../../protocol/error_text.ts";
import type { LeaseId, Sha256, StudyId, WorkerId } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import type { ResultVerdict } from "../lease/events.ts";
import {
  type DeliveredAttempt,
  deliveredAttempts,
  type TrialRecord,
} from "../lease/trial.ts";
import type { Schedule } from "../service/event_hub.ts";
import type { Log } from "../service/log.ts";
import type { Storage, Trust } from "../storage/storage.ts";
import {
  checkProbability,
  compareFigures,
  compareRepetition,
  epochsToRepeat,
  sameBits,
  tellsKernels,
} from "./spot_checks.ts";
import { type Verifier, VerifierError } from "./verifier_api.ts";
import type { WeightsStore } from "../storage/weights_store.ts";

/** Dependencies of verification. */
export interface Verification {
  readonly verifier: Verifier;
  readonly weights: WeightsStore;
  /** Most bytes of waiting weights. Default: 1 GiB. */
  readonly mostWeights?: number;
}

/** The queue of delivered results without a verdict. */
export interface VerificationQueue {
  /** A result was delivered. */
  wake(): void;
  /** Makes room for weights by dropping those whose results are late. */
  makeRoom(): Promise<void>;
  /** Resolves when no waiting result can be verified now. */
  idle(): Promise<void>;
  close(): void;
}

/** A delivered result without a verdict. */
interface Waiting {
  readonly trial: TrialRecord;
  readonly attempt: DeliveredAttempt;
}

/**
 * As many that wait longest, and as many of the best records, are ordered
 * together; see `judgingOrder`.
 */
const BATCH = 16;

/** Number of verifier crashes after which a result is refused. */
const MOST_FAILURES = 3;

/** Milliseconds until an unusable verifier is tried again. */
const RETRY = 5_000;

/** Milliseconds for which weights without a result are kept. */
const ORPHAN = 3_600_000;

/** The same without more room: results follow within seconds. */
const LATE = 60_000;

/**
 * Verifies delivered results, one after the other, outside of requests. Waiting
 * results are only in the storage, so a restart continues with them, and the
 * lease machine stores a verdict like any other event.
 */
export function createVerificationQueue(deps: {
  readonly storage: Storage;
  readonly verification: Verification;
  readonly study: () => {
    readonly studyId: StudyId;
    readonly testExamples: number;
  } | null;
  readonly settle: (leaseId: LeaseId, verdict: ResultVerdict) => Promise<void>;
  readonly withdraw: (leaseId: LeaseId) => Promise<void>;
  /** Workers of this process, whose training is not repeated. */
  readonly isOurs: (workerId: WorkerId) => boolean;
  /** An unpredictable number, uniform in [0, 1). */
  readonly chance: () => number;
  readonly schedule: Schedule;
  readonly now: () => number;
  readonly log: Log;
}): VerificationQueue {
  const { storage, study, settle, chance, schedule, now, log } = deps;
  const { verifier, weights } = deps.verification;
  const failures = new Map<LeaseId, number>();
  let cancelRetry: () => void = () => {};
  let closed = false;
  let again = false;
  let running: Promise<void> | null = null;
  let verdicts = 0;

  async function recompute(
    { spec }: TrialRecord,
    { leaseId, delivery }: DeliveredAttempt,
    sha256: Sha256,
    testExamples: number,
  ): Promise<ResultVerdict> {
    const bytes = await weights.get(leaseId, sha256);
    if (bytes === null) {
      return { type: "lost", message: "the coordinator lost the weights" };
    }
    const recomputed = await verifier.evaluate(spec, bytes);
    const problems = compareFigures(delivery.result, recomputed, testExamples);
    return problems.length > 0
      ? { type: "false", problems }
      : { type: "true", recomputed, repeatedEpochs: 0 };
  }

  /** Trains first epochs again; trust and a random number decide how many. */
  async function spotCheck(
    { spec }: TrialRecord,
    attempt: DeliveredAttempt,
    verdict: Extract<ResultVerdict, { type: "true" }>,
  ): Promise<ResultVerdict> {
    const { workerId, backend, delivery: { weights } } = attempt;
    if (deps.isOurs(workerId)) return verdict;
    const same = sameBits(attempt, await verifier.trainsOn());
    const shared = weights !== null &&
      await storage.sharesWeights(spec, weights);
    // Equal bits decide, because two recipes may mean the same training.
    if (shared && !same) {
      return {
        type: "false",
        problems: ["another trial of this study has the same final weights"],
      };
    }
    const epochs = shared ? spec.recipe.epochs : epochsToRepeat(
      await storage.trust(workerId, backend),
      spec.recipe.epochs,
      tellsKernels(attempt),
      [chance(), chance()],
    );
    if (epochs === 0) return verdict;
    const differs = await repeat(spec, attempt, epochs);
    // Only equal bits prove a result.
    return differs ?? { ...verdict, repeatedEpochs: same ? epochs : 0 };
  }

  /** A diverged trial has no weights, so its training is always repeated. */
  async function divergeAgain(
    { spec }: TrialRecord,
    attempt: DeliveredAttempt,
  ): Promise<ResultVerdict> {
    const { epochs } = spec.recipe;
    return await repeat(spec, attempt, epochs) ??
      { type: "true", recomputed: null, repeatedEpochs: epochs };
  }

  /**
   * The verdict if a repetition differs. It has none of the true figures, which
   * another worker could deliver without training: only the operator sees them.
   */
  async function repeat(
    spec: TrialSpec,
    attempt: DeliveredAttempt,
    epochs: number,
  ): Promise<ResultVerdict | null> {
    const { leaseId, workerId, delivery } = attempt;
    const differences = compareRepetition(
      delivery,
      await verifier.repeat(spec, epochs),
      {
        whole: epochs === spec.recipe.epochs,
        same: sameBits(attempt, await verifier.trainsOn()),
      },
    );
    if (differences.length === 0) return null;
    log("warn", "a result differs from its repetition", {
      leaseId,
      workerId,
      differences: differences.join("; "),
    });
    return {
      type: "false",
      problems: ["the training was repeated and came to another result"],
    };
  }

  /** The verdict for a result that passed. */
  async function examine(
    trial: TrialRecord,
    attempt: DeliveredAttempt,
    testExamples: number,
  ): Promise<ResultVerdict> {
    const { delivery } = attempt;
    if (delivery.weights === null) return await divergeAgain(trial, attempt);
    const verdict = await recompute(
      trial,
      attempt,
      delivery.weights,
      testExamples,
    );
    return verdict.type === "true"
      ? await spotCheck(trial, attempt, verdict)
      : verdict;
  }

  async function judge(
    trial: TrialRecord,
    attempt: DeliveredAttempt,
    testExamples: number,
  ): Promise<ResultVerdict> {
    const { leaseId, workerId, backend } = attempt;
    try {
      const verdict = await examine(trial, attempt, testExamples);
      // Stored before the verdict, so that a crash in between does not lose it.
      if (verdict.type === "false") {
        await storage.noteTrust(workerId, backend, "lie");
      }
      return verdict;
    } catch (error) {
      if (!(error instanceof VerifierError) || !error.usable) throw error;
      const failed = (failures.get(leaseId) ?? 0) + 1;
      failures.set(leaseId, failed);
      log("error", "verifier failed", { leaseId, error: error.message });
      if (failed < MOST_FAILURES) throw error;
      return {
        type: "false",
        problems: [`the result cannot be verified: ${error.message}`],
      };
    }
  }

  /** Waiting results in the order of verification. */
  async function inOrder(waiting: readonly Waiting[]): Promise<Waiting[]> {
    const candidates = waiting.map(async (w) => {
      const { workerId, backend, delivery } = w.attempt;
      return {
        ...w,
        hasWeights: delivery.weights !== null,
        trust: deps.isOurs(workerId)
          ? null
          : await storage.trust(workerId, backend),
      };
    });
    return judgingOrder(await Promise.all(candidates), verdicts);
  }

  async function work(): Promise<void> {
    await withdrawDoubtful(storage, deps.withdraw);
    while (!closed) {
      again = false;
      const active = study();
      if (active === null) return;
      const { studyId, testExamples } = active;
      // Those with the best records too: a crowd may wait longer than they.
      const trials = new Map(
        [
          ...await storage.verifying(studyId, BATCH),
          ...await storage.verifying(studyId, BATCH, "trusted"),
        ].map((trial) => [trial.spec.trialId, trial]),
      );
      const waiting = [...trials.values()].flatMap((trial) =>
        deliveredAttempts(trial).map((attempt) => ({ trial, attempt }))
      );
      if (!await judgeOne(await inOrder(waiting), testExamples) && !again) {
        return;
      }
    }
  }

  /** Verifies the first result that is free; false if there is none. */
  async function judgeOne(
    waiting: readonly Waiting[],
    testExamples: number,
  ): Promise<boolean> {
    for (const { trial: { spec }, attempt: { leaseId } } of waiting) {
      const judged = await storage.exclusively(
        `verify ${leaseId}`,
        async () => {
          // Another coordinator may have verified it meanwhile.
          const trial = (await storage.trial(spec.trialId))?.trial;
          const attempt = trial && deliveredAttempts(trial)
            .find((a) => a.leaseId === leaseId);
          if (trial === undefined || attempt === undefined) return true;
          await judgeFinally(trial, attempt, testExamples);
          return true;
        },
      );
      if (judged !== null) return true;
    }
    return false;
  }

  async function judgeFinally(
    trial: TrialRecord,
    attempt: DeliveredAttempt,
    testExamples: number,
  ): Promise<void> {
    const { leaseId, workerId, backend } = attempt;
    const verdict = await judge(trial, attempt, testExamples);
    if (closed) return;
    await settle(leaseId, verdict);
    verdicts++;
    failures.delete(leaseId);
    await weights.delete(leaseId);
    if (verdict.type === "true") {
      await storage.noteTrust(workerId, backend, "accepted");
    } else if (verdict.type === "false") {
      await withdrawDoubtful(storage, deps.withdraw);
    }
  }

  /** Drops weights whose results have not arrived within this time. */
  async function dropOrphans(age = ORPHAN): Promise<void> {
    for (const leaseId of await weights.keptBefore(now() - age)) {
      const kept = await storage.updateLease(leaseId, (trial) => ({
        trial,
        changed: false,
        value: deliveredAttempts(trial).some((a) => a.leaseId === leaseId),
      }));
      if (kept?.value !== true) await weights.delete(leaseId);
    }
  }

  function wake(): void {
    again = running !== null;
    if (again || closed) return;
    cancelRetry();
    running = work().then(() => dropOrphans()).catch((error) => {
      // The storage may be closed during a verification.
      if (closed) return;
      const message = messageOf(error);
      log("error", "verification waits", { error: message });
      again = false;
      cancelRetry = schedule(RETRY, wake);
    }).finally(() => {
      running = null;
      // A result was delivered after the last query.
      if (again) wake();
    });
  }

  return {
    wake,
    makeRoom: () => dropOrphans(LATE),
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

/** A waiting result, as needed to order the queue. */
export interface Candidate {
  /** Whether it has weights. Without, the whole trial is repeated. */
  readonly hasWeights: boolean;
  /** Null for the coordinator's own workers. */
  readonly trust: Trust | null;
}

/** One of this many verdicts is for the longest waiting result. */
const LONGEST_WAIT_EVERY = 4;

/**
 * The order of verification: quick ones first, and of those the results of
 * workers with the longest true record. Nearly every result of a new worker is
 * trained again, so many new workers with false results could delay the results
 * of honest volunteers for hours. Regularly the longest waiting result is next,
 * so that none waits forever.
 *
 * @param waiting Waiting results, the longest waiting first.
 * @param turn Number of verdicts so far.
 */
export function judgingOrder<T extends Candidate>(
  waiting: readonly T[],
  turn: number,
): T[] {
  const effort = ({ hasWeights, trust }: T) =>
    hasWeights ? trust === null ? 0 : checkProbability(trust) : 2;
  const ordered = [...waiting].sort((a, b) => effort(a) - effort(b));
  const [longest] = waiting;
  return longest === undefined || (turn + 1) % LONGEST_WAIT_EVERY !== 0
    ? ordered
    : [longest, ...ordered.filter((w) => w !== longest)];
}

/** Results that are withdrawn per query. */
const WITHDRAWN_AT_ONCE = 16;

/**
 * Withdraws the unrepeated and the waiting results of workers that delivered a
 * false one, so that their trials are leased again.
 */
export async function withdrawDoubtful(
  storage: Pick<Storage, "vouchedByLiars">,
  withdraw: (leaseId: LeaseId) => Promise<void>,
): Promise<void> {
  for (;;) {
    const doubtful = await storage.vouchedByLiars(WITHDRAWN_AT_ONCE);
    for (const leaseId of doubtful) await withdraw(leaseId);
    if (doubtful.length < WITHDRAWN_AT_ONCE) return;
  }
}
