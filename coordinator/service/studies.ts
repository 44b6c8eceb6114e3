import type { LeaseId, StudyId, WorkerId } from "../../protocol/ids.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import { BackendName } from "../../protocol/training.ts";
import type { Storage } from "../storage/storage.ts";
import { withdrawDoubtful } from "../verification/verification_queue.ts";
import type { LeaseCalls, StudyToRun } from "./service_types.ts";
import type { Log } from "./log.ts";
import { isVoidWithout } from "../lease/trial.ts";

/** The operator's calls. False means not found. */
export interface AdminCalls {
  /** Plans the study and activates it if no other is active. */
  createStudy(definition: StudyDefinition): Promise<void>;
  /** Deactivates it. */
  stopStudy(studyId: StudyId): Promise<boolean>;
  /** Activates it instead of any other. */
  resumeStudy(studyId: StudyId): Promise<boolean>;
  /** Hides and deactivates it. */
  deleteStudy(studyId: StudyId): Promise<boolean>;
  /**
   * Revokes the worker's leases and token and forgets its failures. Its results
   * stay, or are withdrawn unless they were completely repeated.
   */
  removeWorker(
    workerId: WorkerId,
    results: "keep" | "withdraw",
  ): Promise<boolean>;
}

export function createAdminCalls(deps: {
  readonly storage: Storage;
  readonly log: Log;
  /** Prepares a study to run; throws if it cannot run here. */
  readonly prepare: (definition: StudyDefinition) => StudyToRun;
  readonly active: () => StudyToRun | null;
  /** Plans a study and makes it the active one; null: no active study. */
  readonly activateStudy: (study: StudyToRun | null) => Promise<void>;
  readonly leave: LeaseCalls["leave"];
  readonly withdraw: (leaseId: LeaseId) => Promise<void>;
  /** Forgets the worker's failures at the lease's trial. */
  readonly forgive: (leaseId: LeaseId, workerId: WorkerId) => Promise<void>;
}): AdminCalls {
  const { storage, log, prepare, active, activateStudy, leave, forgive } = deps;
  const isActive = (studyId: StudyId) => active()?.definition.id === studyId;
  return {
    async createStudy(definition) {
      const study = prepare(definition);
      const { id: studyId } = study.definition;
      if (active() === null || isActive(studyId)) await activateStudy(study);
      else await storage.plan(study.definition, study.trials);
      log("info", "study created", { studyId });
    },

    async stopStudy(studyId) {
      if (await storage.study(studyId) === null) return false;
      if (isActive(studyId)) await activateStudy(null);
      log("info", "study stopped", { studyId });
      return true;
    },

    async resumeStudy(studyId) {
      const found = await storage.study(studyId);
      if (found === null) return false;
      await activateStudy(prepare(found.definition));
      log("info", "study resumed", { studyId });
      return true;
    },

    async deleteStudy(studyId) {
      if (isActive(studyId)) await activateStudy(null);
      const deleted = await storage.deleteStudy(studyId);
      if (deleted) log("info", "study deleted", { studyId });
      return deleted;
    },

    async removeWorker(workerId, results) {
      const worker = await storage.worker(workerId);
      if (worker === null) return false;
      // The token first, so that no new lease is granted meanwhile.
      await storage.removeWorker(workerId);
      await leave(worker);
      for (const leaseId of await undecidedOf(storage, workerId)) {
        await forgive(leaseId, workerId);
      }
      if (results === "withdraw") {
        for (const backend of BackendName.options) {
          await storage.noteTrust(workerId, backend, "lie");
        }
        await withdrawDoubtful(storage, deps.withdraw);
      }
      log("info", "worker removed", { workerId, results });
      return true;
    },
  };
}

/** Trials per query. */
const PAGE = 100;

/**
 * One lease id of the worker for each unfinished trial that failed on it, or
 * whose result of it has no verdict.
 */
async function undecidedOf(
  storage: Storage,
  workerId: WorkerId,
): Promise<LeaseId[]> {
  const leases: LeaseId[] = [];
  for (const { definition: { id } } of await storage.studies()) {
    const unfinished = [
      "queued",
      "leased",
      "verifying",
      "quarantined",
    ] as const;
    for (const state of unfinished) {
      for (let offset = 0;; offset += PAGE) {
        const page = { state, limit: PAGE, offset };
        const { trials } = await storage.trials(id, page);
        for (const { trialId, attempts } of trials) {
          if (attempts === 0) continue;
          const trial = (await storage.trial(trialId))?.trial;
          const undecided = trial?.attempts.find((a) =>
            isVoidWithout(a, workerId)
          );
          if (undecided !== undefined) leases.push(undecided.leaseId);
        }
        if (trials.length < PAGE) break;
      }
    }
  }
  return leases;
}
