import assert from "node:assert/strict";
import type { TrialSpec } from "../../protocol/study.ts";
import {
  delivery,
  type epochMetrics,
  type FakeClock,
  leaseId,
  newWorker,
  seed,
  type smallStudy,
  trained,
  workerId,
} from "../lease/fixtures.ts";
import { checkInvariants } from "../../coordinator/lease/invariants.ts";
import { defaultPolicy } from "../../coordinator/lease/policy.ts";
import { step } from "../../coordinator/service/effects.ts";
import type { Transition, TrialEvent } from "../../coordinator/lease/events.ts";
import type {
  Changed,
  Claim,
  Storage,
} from "../../coordinator/storage/storage.ts";

/** Registers a test of one criterion, with its own storage. */
export type Check = (
  criterion: string,
  body: (world: World) => Promise<void>,
) => void;

/** A storage under test, which can be opened again after a crash. */
export interface Opened {
  readonly storage: Storage;
  /** Drops the open storage without closing it; absent if impossible. */
  readonly reopen?: () => Promise<Storage>;
  readonly end: () => Promise<void>;
}

/** Milliseconds of every lease in these tests. */
export const TTL = 30_000;

export type World = ReturnType<typeof createWorld>;

/** A storage with workers that act on it. */
export function createWorld(opened: Opened, clock: FakeClock) {
  let { storage } = opened;

  const event = (lease: number, make: (now: number) => TrialEvent) =>
    storage.updateLease(
      leaseId(lease),
      step((_, now) => make(now), defaultPolicy),
    );

  const fence = (worker: number, lease: number, now: number) => ({
    now,
    leaseId: leaseId(lease),
    workerId: workerId(worker),
  });

  async function attemptOf(lease: number): Promise<number> {
    let found = 0;
    await storage.updateLease(leaseId(lease), (trial) => {
      found = trial.attempts.find((a) => a.leaseId === leaseId(lease))
        ?.attempt ?? 0;
      return { trial, changed: false, value: null };
    });
    return found;
  }

  async function tryClaim(
    worker: number,
    lease: number,
  ): Promise<Claim<Transition>> {
    const threads = (await storage.worker(workerId(worker)))?.threads ?? 0;
    return await storage.claim(
      {
        studyId: seed,
        workerId: workerId(worker),
        leaseId: leaseId(lease),
        maxLeases: threads,
        maxFailures: defaultPolicy.failuresPerWorker,
      },
      step((_, now) => ({
        type: "lease",
        ...fence(worker, lease, now),
        backend: "simd",
        backendDetail: null,
        ttl: TTL,
        epochMilliseconds: null,
        pause: 0,
      }), defaultPolicy),
    );
  }

  return {
    opened,
    clock,
    get storage() {
      return storage;
    },
    use(other: Storage) {
      storage = other;
    },
    event,
    tryClaim,
    async plan(study: ReturnType<typeof smallStudy>) {
      await storage.plan(study.definition, study.trials);
      return study;
    },
    async workers(count: number, threads = 1) {
      for (let n = 1; n <= count; n++) {
        await storage.registerWorker(newWorker(n, threads));
      }
    },
    async claim(worker: number, lease: number): Promise<TrialSpec> {
      const claim = await tryClaim(worker, lease);
      assert.ok(claim.type === "claimed" && claim.value.ok, claim.type);
      return claim.value.trial.spec;
    },
    async report(
      worker: number,
      lease: number,
      ...epochs: readonly ReturnType<typeof epochMetrics>[]
    ): Promise<Changed<Transition> | null> {
      const attempt = await attemptOf(lease);
      return await event(lease, (now) => ({
        type: "report",
        ...fence(worker, lease, now),
        attempt,
        wanted: true,
        epochs,
      }));
    },
    async complete(worker: number, lease: number): Promise<void> {
      const attempt = await attemptOf(lease);
      const changed = await event(lease, (now) => ({
        type: "complete",
        ...fence(worker, lease, now),
        attempt,
        delivery: delivery(trained()),
        problems: [],
        verify: null,
      }));
      assert.equal(changed?.value.ok, true);
    },
    async release(
      worker: number,
      lease: number,
      reason: "leaving" | "failed",
    ): Promise<void> {
      const attempt = await attemptOf(lease);
      const changed = await event(lease, (now) => ({
        type: "release",
        ...fence(worker, lease, now),
        attempt,
        reason,
        message: null,
      }));
      assert.equal(changed?.value.ok, true);
    },
    /** Checks the invariants over every trial. */
    async invariants(): Promise<void> {
      for (const { definition } of await storage.studies()) {
        const { trials } = await storage.changesSince(definition.id, 0);
        const records = [];
        for (const { spec } of trials) {
          const found = await storage.trial(spec.trialId);
          assert.ok(found);
          records.push(found.trial);
        }
        const credit = new Map(
          (await storage.workers(1000)).map((l) =>
            [l.worker.workerId, l.trialsCompleted] as const
          ),
        );
        assert.deepEqual(checkInvariants(records, credit), []);
      }
    },
  };
}
