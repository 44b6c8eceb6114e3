import type { TrialId } from "../../protocol/ids.ts";
import {
  type Storage,
  StorageError,
  type Transact,
} from "../../coordinator/storage/storage.ts";
import { createLocalLock } from "../../coordinator/storage/sqlite/batch.ts";

/** The fate of one operation on the storage. */
export type Fate =
  | "done"
  /** The process dies before it, or right after it, unanswered. */
  | "crash-before"
  | "crash-after"
  /** Not done, and said so: as on a full disk. */
  | "refused"
  /** Done, but the answer is an error. */
  | "unsure";

/** Decides the fate of a coordinator's operations on its storage. */
export interface Gate {
  /** Decides on an operation, by its name. */
  fate(operation: string): Fate;
  /** The process is dead: nothing of it may go on. */
  readonly dead: boolean;
  /** Ends the process. */
  crash(): void;
  /** Told of each trial that an operation is about. */
  touched(trialId: TrialId): void;
  /** Told when an operation begins, and when it has ended. */
  begun(): void;
  ended(): void;
}

const never = new Promise<never>(() => {});

/**
 * A storage whose process may die at any operation. Operations of a dead
 * process are never answered.
 */
export function crashingStorage(inner: Storage, gate: Gate): Storage {
  async function run<T>(
    operation: string,
    work: () => Promise<T>,
  ): Promise<T> {
    if (gate.dead) return await never;
    const fate = gate.fate(operation);
    if (fate === "crash-before") {
      gate.crash();
      return await never;
    }
    if (fate === "refused") throw failure(operation, "refused");
    gate.begun();
    try {
      const value = await work();
      if (gate.dead) return await never;
      if (fate === "crash-after") {
        gate.crash();
        return await never;
      }
      if (fate === "unsure") throw failure(operation, "unsure");
      return value;
    } catch (error) {
      if (gate.dead) return await never;
      throw error;
    } finally {
      gate.ended();
    }
  }

  const noting = <T>(change: Transact<T>): Transact<T> => (trial, now) => {
    gate.touched(trial.spec.trialId);
    return change(trial, now);
  };

  return {
    now: () => inner.now(),
    plan: (study, trials) => run("plan", () => inner.plan(study, trials)),
    studies: () => run("studies", () => inner.studies()),
    study: (id) => run("study", () => inner.study(id)),
    deleteStudy: (id) => run("deleteStudy", () => inner.deleteStudy(id)),
    removeWorker: (id) => run("removeWorker", () => inner.removeWorker(id)),
    secret: (name) => run("secret", () => inner.secret(name)),
    keepSecret: (name, hash, replace) =>
      run("keepSecret", () => inner.keepSecret(name, hash, replace)),
    activateStudy: (id) => run("activateStudy", () => inner.activateStudy(id)),
    news: () => run("news", () => inner.news()),
    watch: (wake) => inner.watch(wake),
    alone: () => run("alone", () => inner.alone()),
    // Not an operation, for what it does is made of those; and what a dead
    // process was at does not hold up the next one.
    exclusively: createLocalLock(),
    registerWorker: (worker) =>
      run("registerWorker", () => inner.registerWorker(worker)),
    worker: (id) => run("worker", () => inner.worker(id)),
    seen: (id, update) => run("seen", () => inner.seen(id, update)),
    workers: (limit, request) =>
      run("workers", () => inner.workers(limit, request)),
    countWorkers: () => run("countWorkers", () => inner.countWorkers()),
    countOnline: (since) => run("countOnline", () => inner.countOnline(since)),
    anyLeasable: (...args) =>
      run("anyLeasable", () => inner.anyLeasable(...args)),
    claim: (request, change) =>
      run("claim", () => inner.claim(request, noting(change))),
    updateLease: (leaseId, change) =>
      run("updateLease", () => inner.updateLease(leaseId, noting(change))),
    expireDue: (change, limit) =>
      run("expireDue", () => inner.expireDue(noting(change), limit)),
    verifying: (...args) => run("verifying", () => inner.verifying(...args)),
    trust: (worker, backend) =>
      run("trust", () => inner.trust(worker, backend)),
    noteTrust: (worker, backend, what) =>
      run("noteTrust", () => inner.noteTrust(worker, backend, what)),
    vouchedByLiars: (limit) =>
      run("vouchedByLiars", () => inner.vouchedByLiars(limit)),
    sharesWeights: (spec, weights) =>
      run("sharesWeights", () => inner.sharesWeights(spec, weights)),
    running: (id, limit) => run("running", () => inner.running(id, limit)),
    runningLeases: (id) => run("runningLeases", () => inner.runningLeases(id)),
    counts: (id) => run("counts", () => inner.counts(id)),
    recentAcceptances: (id, limit) =>
      run("recentAcceptances", () => inner.recentAcceptances(id, limit)),
    changesSince: (...args) =>
      run("changesSince", () => inner.changesSince(...args)),
    trials: (id, page) => run("trials", () => inner.trials(id, page)),
    curves: (id, page) => run("curves", () => inner.curves(id, page)),
    trial: (id) => run("trial", () => inner.trial(id)),
    ping: () => run("ping", () => inner.ping()),
    close: () => inner.close(),
  };
}

function failure(operation: string, how: string): StorageError {
  return new StorageError("unavailable", `simulated: ${operation} ${how}`);
}
