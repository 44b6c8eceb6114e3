import assert from "node:assert/strict";
import { StudyId } from "../../protocol/ids.ts";
import {
  type FakeClock,
  leaseId,
  newWorker,
  seed,
  smallStudy,
  workerId,
} from "../lease/fixtures.ts";
import { defaultPolicy } from "../../coordinator/lease/policy.ts";
import { step } from "../../coordinator/service/effects.ts";
import {
  NewerValueError,
  type Storage,
  type StorageError,
} from "../../coordinator/storage/storage.ts";
import { TTL } from "./world.ts";

const other = StudyId.parse("other");

/** A database that coordinators of two versions use, one after the other. */
export interface MixedDatabase {
  readonly clock: FakeClock;
  open(onUnreadable: (error: StorageError) => void): Promise<Storage>;
  /** Changes it outside of the storage, while it is closed. */
  execute(sql: string): Promise<void>;
}

/** Plans two studies and leases the first trial of each. */
async function fill({ clock, open }: MixedDatabase): Promise<void> {
  const storage = await open(() => {});
  await storage.registerWorker(newWorker(1, 9));
  for (const [i, id] of [other, seed].entries()) {
    const { definition, trials } = smallStudy({ id });
    await storage.plan(definition, trials);
    await storage.claim(
      {
        studyId: id,
        workerId: workerId(1),
        leaseId: leaseId(1 + i),
        maxLeases: 9,
        maxFailures: 3,
      },
      step((_, now) => ({
        type: "lease",
        now,
        leaseId: leaseId(1 + i),
        workerId: workerId(1),
        backend: "simd",
        backendDetail: null,
        ttl: TTL,
        epochMilliseconds: null,
        pause: 0,
      }), defaultPolicy),
    );
    clock.advance(1);
  }
  await storage.activateStudy(other);
  await storage.close();
}

/** One study has a recipe field that this version does not know. */
export async function checkNewerStudy(database: MixedDatabase): Promise<void> {
  await fill(database);
  for (
    const [table, column] of [["studies", "definition"], ["trials", "spec"]]
  ) {
    await database.execute(
      `UPDATE ${table} SET ${column} = replace(${column}, ` +
        `'"recipe":{', '"recipe":{"momentum":0.9,') WHERE study_id = 'other'`,
    );
  }
  const told: StorageError[] = [];
  const storage = await database.open((error) => told.push(error));
  try {
    const newer = {
      name: "StorageError",
      code: "newer",
      message:
        /^cannot read the study other in .+: it was written by a newer version: it has the recipe field momentum; upgrade this coordinator$/,
    };
    // Every call about that study fails with one line.
    for (const _ of [1, 2]) {
      await assert.rejects(storage.study(other), newer);
      await assert.rejects(storage.changesSince(other, 0), newer);
      await assert.rejects(
        storage.trials(other, { limit: 9, offset: 0 }),
        newer,
      );
      const { trials } = smallStudy({ id: "other" });
      assert.ok(trials[0]);
      await assert.rejects(storage.trial(trials[0].trialId), newer);
    }
    const touch = (n: number) =>
      storage.updateLease(
        leaseId(n),
        (trial) => ({ trial, changed: false, value: null }),
      );
    const [theirs, ours] = await Promise.allSettled([touch(1), touch(2)]);
    assert.ok(theirs.status === "rejected");
    assert.match(theirs.reason.message, newer.message);
    assert.ok(theirs.reason instanceof NewerValueError);
    assert.equal(
      theirs.reason.line,
      "cannot read the study other: it was written by a newer version: " +
        "it has the recipe field momentum; upgrade this coordinator",
    );
    assert.ok(ours.status === "fulfilled" && ours.value?.studyId === seed);
    // Everything else continues.
    const studies = await storage.studies();
    assert.deepEqual(studies.map(({ definition }) => definition.id), [seed]);
    const { activeStudy, revisions } = await storage.news();
    assert.equal(activeStudy, null);
    assert.deepEqual([...revisions.keys()].sort(), [other, seed]);
    database.clock.advance(TTL);
    const expired = await storage.expireDue(
      step((_, now) => ({ type: "expire", now }), defaultPolicy),
      1,
    );
    assert.deepEqual(expired.map(({ studyId }) => studyId), [seed]);
    assert.equal(told.length, 1, "reported once");
    assert.match(told[0]?.message ?? "", newer.message);
  } finally {
    await storage.close();
  }
}

/** Recipes stored before a field existed, or with the field's default value. */
export async function checkDefaults(database: MixedDatabase): Promise<void> {
  await fill(database);
  // One stored spec has a default value, the others have none.
  await database.execute(
    `UPDATE trials SET spec = replace(spec, '"epochs":2}', ` +
      `'"epochs":2,"hiddenSizes":[256,256]}') WHERE study_id = 'other'`,
  );
  const storage = await database.open(() => assert.fail("unreadable"));
  try {
    for (const id of ["seed", "other"]) {
      const { definition, trials } = smallStudy({ id });
      const before = await storage.study(definition.id);
      assert.deepEqual(before?.definition, definition);
      const outcome = await storage.plan(definition, trials);
      assert.deepEqual(outcome, {
        revision: before.revision,
        added: 0,
        restored: 0,
        unplanned: 0,
      });
      const found = await storage.trial(trials[0]!.trialId);
      assert.deepEqual(found?.trial.spec, trials[0]);
    }
  } finally {
    await storage.close();
  }
}
