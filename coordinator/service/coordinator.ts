import { messageOf } from "../../protocol/error_text.ts";
import type { LeaseId, WorkerId } from "../../protocol/ids.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { PlanOutcome, Storage } from "../storage/storage.ts";
import { InvalidStudy } from "../study/points.ts";
import { createActor } from "./effects.ts";
import { createPeers } from "./peers.ts";
import { sameValue } from "../lease/same_value.ts";
import { type AdminCalls, createAdminCalls } from "./studies.ts";
import type {
  LeaseCalls,
  Random,
  StudyToRun,
  WorkerCalls,
} from "./service_types.ts";
import type { EventHub, Schedule } from "./event_hub.ts";
import { createLeaseCalls } from "./leases.ts";
import { defaultTerms, type LeaseTerms } from "../lease/policy.ts";
import type { Log } from "./log.ts";
import { defaultPolicy, type Policy } from "../lease/policy.ts";
import { createLastSeen } from "./last_seen.ts";
import { createSweeper } from "./expiry.ts";
import type { Attempt, Instant } from "../lease/trial.ts";
import type { ResultVerdict } from "../lease/events.ts";
import {
  createVerificationQueue,
  type Verification,
} from "../verification/verification_queue.ts";
import { testExamples } from "../verification/check_result.ts";
import { step } from "./effects.ts";
import { shareWeights } from "../storage/weights_store.ts";
import { createViews, type Views } from "./reads.ts";
import { createWorkerCalls } from "./workers.ts";

type AdminDeps = Parameters<typeof createAdminCalls>[0];

/**
 * The shell around the lease machine: it runs transitions inside the storage
 * and carries out their effects once they are stored. It keeps no state that a
 * second coordinator on the same storage would need.
 */
export interface CoordinatorDeps {
  readonly storage: Storage;
  readonly hub: EventHub;
  /** Milliseconds since 1970. Leases use the storage's own clock. */
  readonly now: () => Instant;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly log: Log;
  readonly policy?: Policy;
  readonly terms?: LeaseTerms;
  /** If absent, results count once they pass the checks. */
  readonly verification?: Verification;
  /** Prepares a study that the operator creates or resumes. */
  readonly prepare?: AdminDeps["prepare"];
  /** Called with each attempt that was delivered, or that ended. */
  readonly onMoved?: (attempt: Attempt) => void;
  /** Called when another coordinator may have changed anything. */
  readonly onNews?: () => Promise<void>;
}

export interface Coordinator
  extends WorkerCalls, LeaseCalls, AdminCalls, Views {
  /**
   * Plans the study in the storage and leases its trials from now on. If other
   * coordinators have another active study, that one is leased instead.
   */
  run(study: StudyToRun): Promise<PlanOutcome>;
  /** Expires due leases; resolves to their number. */
  sweep(): Promise<number>;
  /**
   * Starts to expire leases every few seconds, after a grace period, and to
   * follow the other coordinators on this storage.
   */
  start(): void;
  /** Stores the verdict on a delivered result. */
  settle(leaseId: LeaseId, verdict: ResultVerdict): Promise<void>;
  /** Marks a worker of this process, whose training is not repeated here. */
  isOurs(workerId: WorkerId): void;
  /** Withdraws an accepted result that nobody has repeated. */
  withdraw(leaseId: LeaseId): Promise<void>;
  /** Resolves when no delivered result can get a verdict now. */
  verified(): Promise<void>;
  /** Number of events since the start, by name. */
  readonly counters: ReadonlyMap<string, number>;
  /** Stops expiring leases, ends the event streams; the storage stays open. */
  close(): void;
}

/** A random number, uniform in [0, 1), with 32 bits. */
function chance(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return (((a * 256 + b) * 256 + c) * 256 + d) / 2 ** 32;
}

/** Connects storage, lease machine, event hub and clock. */
export function createCoordinator(deps: CoordinatorDeps): Coordinator {
  const { storage, hub, log, now, schedule, random } = deps;
  const policy = deps.policy ?? defaultPolicy;
  const terms = deps.terms ?? defaultTerms;
  let active: StudyToRun | null = null;
  const study = () => active;
  const { prepare = cannotPrepare } = deps;
  const peers = createPeers({
    storage,
    schedule,
    log,
    publish: hub.publish,
    onActiveStudy: adopt,
    onNews: async () => {
      queue?.wake();
      await deps.onNews?.();
    },
  });
  const { verification, onMoved } = deps;
  const weights = verification === undefined ? null : shareWeights(
    verification.weights,
    verification.mostWeights,
  );
  const actor = createActor(peers, log, (attempt) => {
    onMoved?.(attempt);
    const { leaseId, state } = attempt;
    // Nobody will verify them. Those of a completed attempt have their verdict,
    // after which the queue deletes them.
    if (weights === null || state === "delivered" || state === "completed") {
      return;
    }
    weights.delete(leaseId).catch((error) =>
      log("error", "weights are not deleted", { leaseId, error: `${error}` })
    );
  });
  const lastSeen = createLastSeen({ storage, schedule, log });
  const sweeper = createSweeper({
    storage,
    schedule,
    policy,
    terms,
    actor,
    log,
  });
  async function settle(
    leaseId: LeaseId,
    verdict: ResultVerdict,
  ): Promise<void> {
    const changed = await storage.updateLease(
      leaseId,
      step((_, now) => ({ type: "verdict", now, leaseId, verdict }), policy),
    );
    if (changed !== null) actor.act(changed);
  }

  async function withdraw(leaseId: LeaseId): Promise<void> {
    const message = "its worker later delivered a false result";
    const changed = await storage.updateLease(
      leaseId,
      step((_, now) => ({ type: "withdraw", now, leaseId, message }), policy),
    );
    if (changed !== null) actor.act(changed);
  }

  async function forgive(leaseId: LeaseId, workerId: WorkerId): Promise<void> {
    const changed = await storage.updateLease(
      leaseId,
      step((_, now) => ({ type: "forgive", now, workerId }), policy),
    );
    if (changed !== null) actor.act(changed);
  }

  const ours = new Set<WorkerId>();
  const queue = verification === undefined || weights === null
    ? null
    : createVerificationQueue({
      storage,
      verification: { ...verification, weights },
      study: () =>
        active === null ? null : {
          studyId: active.definition.id,
          testExamples: testExamples(active.dataset),
        },
      settle,
      withdraw,
      isOurs: (workerId) => ours.has(workerId),
      chance: () => chance(random),
      schedule,
      now,
      log,
    });
  const leases = createLeaseCalls({
    storage,
    lastSeen,
    random,
    policy,
    terms,
    actor,
    study,
    weights,
    onDelivered: () => queue?.wake(),
    makeRoom: () => queue?.makeRoom() ?? Promise.resolve(),
  });

  /** Switches to the study that another coordinator activated. */
  function adopt(definition: StudyDefinition | null): void {
    if (sameValue(definition, active?.definition ?? null)) return;
    try {
      active = definition === null ? null : prepare(definition);
      log("info", "another coordinator activated a study", {
        studyId: definition?.id ?? "none",
      });
    } catch (error) {
      active = null;
      log("error", "the active study cannot run here", {
        error: messageOf(error),
      });
    }
  }

  async function plan(next: StudyToRun): Promise<PlanOutcome> {
    const outcome = await storage.plan(next.definition, next.trials);
    const { id: studyId } = next.definition;
    const { revision, added, restored, unplanned } = outcome;
    peers.publish({ type: "changed", studyId, revision });
    log("info", "study planned", { studyId, added, restored, unplanned });
    return outcome;
  }

  async function activate(next: StudyToRun | null): Promise<void> {
    await storage.activateStudy(next?.definition.id ?? null);
    active = next;
    // Verifies results that an earlier process left without a verdict.
    queue?.wake();
  }

  async function run(next: StudyToRun): Promise<PlanOutcome> {
    const outcome = await plan(next);
    const { id: studyId } = next.definition;
    const { activeStudy } = await storage.news();
    if (
      activeStudy === undefined || activeStudy?.id === studyId ||
      await storage.alone()
    ) {
      await activate(next);
    } else {
      log("warn", "other coordinators have another active study, or none", {
        studyId,
        active: activeStudy?.id ?? "none",
      });
      adopt(activeStudy);
      queue?.wake();
    }
    return outcome;
  }

  return {
    ...createWorkerCalls({
      storage,
      lastSeen,
      random,
      terms,
      now,
      log,
      study,
    }),
    ...leases,
    ...createAdminCalls({
      storage,
      log,
      prepare,
      active: study,
      activateStudy: async (next) => {
        if (next !== null) await plan(next);
        await activate(next);
      },
      leave: leases.leave,
      withdraw,
      forgive,
    }),
    ...createViews({ storage, terms, policy, now, study }),
    run,
    settle,
    withdraw,
    isOurs: (workerId) => void ours.add(workerId),
    verified: () => queue?.idle() ?? Promise.resolve(),
    sweep: sweeper.sweep,
    start() {
      sweeper.start();
      peers.start();
    },
    counters: actor.counters,
    close() {
      sweeper.stop();
      peers.stop();
      queue?.close();
      lastSeen.stop();
      hub.close();
    },
  };
}

function cannotPrepare(): never {
  throw new InvalidStudy(
    "this coordinator cannot run other studies",
  );
}
