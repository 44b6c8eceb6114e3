import type { LeaseId, Sha256, StudyId, WorkerId } from "../../protocol/ids.ts";
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
  FIRST_EPOCH_DRIFT,
  NO_DRIFT,
  sameBits,
} from "./spot_checks.ts";
import { type Verifier, VerifierError } from "./verifier_api.ts";
import type { WeightsStore } from "../storage/weights_store.ts";

/** What verification takes. */
export interface Verification {
  readonly verifier: Verifier;
  readonly weights: WeightsStore;
  /** Bytes of weights that wait at most. Default: 1 GiB. */
  readonly mostWeights?: number;
}

/** Where delivered results wait for their verdicts. */
export interface VerificationQueue {
  /** A result was delivered. */
  wake(): void;
  /** Makes room for weights: those whose results are late go. */
  makeRoom(): Promise<void>;
  /** Resolves when nothing waits that could be judged now. */
  idle(): Promise<void>;
  close(): void;
}

/** A delivery without its verdict. */
interface Waiting {
  readonly trial: TrialRecord;
  readonly attempt: DeliveredAttempt;
}

/** Deliveries that are looked at together; see `judgingOrder`. */
const BATCH = 32;

/** Times that judging one result may bring the verifier down. */
const MOST_FAILURES = 3;

/** Milliseconds until a verifier that cannot be used is tried again. */
const RETRY = 5_000;

/** Milliseconds for which weights without a result are kept. */
const ORPHAN = 3_600_000;

/** The same where there is no more room: a result follows within seconds. */
const LATE = 60_000;

/**
 * Judges what workers deliver, one result after the other, off the request
 * path. What waits is in the storage and nowhere else, so a restart goes on
 * with it, and a verdict is stored by the lease machine like any other event.
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
  /** Workers of the coordinator's own process: it would check itself. */
  readonly isOurs: (workerId: WorkerId) => boolean;
  /** Uniform in [0, 1), and nobody can foresee it. */
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

  /** Trains the first epochs again, as many as trust and chance ask for. */
  async function spotCheck(
    { spec }: TrialRecord,
    attempt: DeliveredAttempt,
    verdict: Extract<ResultVerdict, { type: "true" }>,
  ): Promise<ResultVerdict> {
    const { workerId, backend, delivery } = attempt;
    if (deps.isOurs(workerId)) return verdict;
    const same = sameBits(attempt, await verifier.trainsOn());
    const epochs = epochsToRepeat(
      await storage.trust(workerId, backend),
      spec.recipe.epochs,
      same,
      [chance(), chance()],
    );
    if (epochs === 0) return verdict;
    const problems = compareRepetition(
      delivery.result.epochs,
      await verifier.repeat(spec, epochs),
      same ? NO_DRIFT : FIRST_EPOCH_DRIFT,
    );
    return problems.length > 0
      ? { type: "false", problems }
      : { ...verdict, repeatedEpochs: epochs };
  }

  /** That a trial diverges shows no weights; it has to do so again. */
  async function divergeAgain({ spec }: TrialRecord): Promise<ResultVerdict> {
    const { epochs } = spec.recipe;
    const { outcome } = await verifier.repeat(spec, epochs);
    return outcome === "diverged"
      ? { type: "true", recomputed: null, repeatedEpochs: epochs }
      : {
        type: "false",
        problems: ["the trial did not diverge when it was repeated"],
      };
  }

  /** The truth of a result, as far as it was looked into. */
  async function examine(
    trial: TrialRecord,
    attempt: DeliveredAttempt,
    testExamples: number,
  ): Promise<ResultVerdict> {
    const { delivery } = attempt;
    if (delivery.weights === null) return await divergeAgain(trial);
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
      // Before the verdict: a crash in between must not forget a lie.
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
        problems: [`it cannot be verified: ${error.message}`],
      };
    }
  }

  /** Whose turn it is, the first one first. */
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
      const waiting = (await storage.verifying(studyId, BATCH))
        .flatMap((trial) =>
          deliveredAttempts(trial).map((attempt) => ({ trial, attempt }))
        );
      if (!await judgeOne(await inOrder(waiting), testExamples) && !again) {
        return;
      }
    }
  }

  /** The first one that no other coordinator is at; false: there is none. */
  async function judgeOne(
    waiting: readonly Waiting[],
    testExamples: number,
  ): Promise<boolean> {
    for (const { trial: { spec }, attempt: { leaseId } } of waiting) {
      const judged = await storage.exclusively(
        `verify ${leaseId}`,
        async () => {
          // Another coordinator may have been quicker since it was read.
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

  /** Weights whose results have not come for so many milliseconds. */
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
    again = true;
    if (running !== null || closed) return;
    cancelRetry();
    running = work().then(() => dropOrphans()).catch((error) => {
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

/** A result that waits for its verdict, as far as its turn is concerned. */
export interface Candidate {
  /** Whether it comes with weights: without, all of it is trained again. */
  readonly hasWeights: boolean;
  /** Null: a worker of the coordinator's own. */
  readonly trust: Trust | null;
}

/** Verdicts of which one is given to whoever has waited longest. */
const LONGEST_WAIT_EVERY = 4;

/**
 * Whose turn it is, the first one first: what is quick, and of that what comes
 * from workers that have been found true most often. Nearly every result of a
 * stranger is trained again, so a crowd of strangers with nothing but lies
 * would keep the results of honest volunteers waiting for hours. Now and then
 * it is the turn of whoever has waited longest, so that nobody waits for ever.
 *
 * @param waiting The longest waiting first.
 * @param turn Counts the verdicts, from 0.
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

/** Results that are taken back between two looks. */
const WITHDRAWN_AT_ONCE = 16;

/** Has a liar's results lent again, where they rest on its word. */
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
