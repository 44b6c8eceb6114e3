import assert from "node:assert/strict";
import { Sha256 } from "../../protocol/ids.ts";
import {
  shareWeights,
  type WeightsStore,
} from "../../coordinator/storage/weights_store.ts";
import { leaseId, workerId } from "../lease/fixtures.ts";

/** An empty store under test, and how to end it. */
export interface OpenedWeights {
  readonly store: WeightsStore;
  readonly end: () => Promise<void>;
}

const [a, b] = [Sha256.parse("a".repeat(64)), Sha256.parse("b".repeat(64))];
const one = leaseId(1);

/**
 * Tests of the contract of `WeightsStore`, and of `shareWeights` with it, for
 * every implementation.
 *
 * @param open Opens an empty store with the clock, in milliseconds.
 */
export function weightsConformance(
  name: string,
  open: (now: () => number) => Promise<OpenedWeights>,
): void {
  const check = (
    criterion: string,
    body: (store: WeightsStore, clock: { now: number }) => Promise<void>,
  ) =>
    Deno.test(`${name}: ${criterion}`, async () => {
      const clock = { now: 1000 };
      const { store, end } = await open(() => clock.now);
      try {
        await body(store, clock);
      } finally {
        await end();
      }
    });

  check("one set a lease, by its sum", async (store, clock) => {
    assert.equal(await store.has(one, a), false);
    assert.equal(await store.get(one, a), null);
    await store.put(one, a, Uint8Array.of(1, 2, 3));
    await store.put(one, a, Uint8Array.of(1, 2, 3));
    assert.deepEqual(await store.get(one, a), Uint8Array.of(1, 2, 3));
    assert.equal(await store.has(leaseId(2), a), false);
    clock.now = 1007;
    await store.put(one, b, Uint8Array.of(4));
    assert.equal(await store.has(one, a), false);
    assert.equal(await store.get(one, a), null);
    assert.deepEqual(await store.get(one, b), Uint8Array.of(4));
    assert.equal(await store.bytes(), 1);
    assert.deepEqual(await store.keptBefore(1006), []);
    assert.deepEqual(await store.keptBefore(1007), [one]);
    await store.delete(one);
    await store.delete(one);
    assert.equal(await store.get(one, b), null);
    assert.equal(await store.bytes(), 0);
  });

  /** Uploads ten bytes, if there is space. */
  async function upload(
    store: ReturnType<typeof shareWeights>,
    lease: number,
    worker: number,
    address: string | null,
  ): Promise<boolean> {
    using space = await store.reserve({
      leaseId: leaseId(lease),
      workerId: workerId(worker),
      address,
      bytes: 10,
    });
    if (space === null) return false;
    await store.put(leaseId(lease), a, new Uint8Array(10));
    return true;
  }

  /** How many more uploads of this worker fit. */
  async function uploads(
    store: ReturnType<typeof shareWeights>,
    first: number,
    worker: (n: number) => number,
    address: string | null,
  ): Promise<number> {
    let n = 0;
    while (await upload(store, first + n, worker(n), address)) n++;
    return n;
  }

  check(
    "shareWeights leaves space for others, whoever comes first",
    async (store) => {
      const shared = shareWeights(store, 1000);
      // A worker alone gets a third, its address half, and no upload more.
      assert.equal(await uploads(shared, 100, () => 1, "one"), 33);
      assert.equal(await uploads(shared, 200, (n) => 10 + n, "one"), 16);
      // The next ones share what is left, and this machine needs no share.
      assert.equal(await uploads(shared, 300, () => 2, "two"), 17);
      assert.equal(await uploads(shared, 400, (n) => 50 + n, "two"), 8);
      assert.equal(await uploads(shared, 500, () => 3, "three"), 8);
      assert.equal(await uploads(shared, 600, () => 4, null), 18);
      assert.equal(await store.bytes(), 1000);
      // What is deleted is free again, for its address too.
      for (let n = 0; n < 33; n++) await shared.delete(leaseId(100 + n));
      assert.equal(await upload(shared, 100, 1, "one"), true);
    },
  );

  check(
    "shareWeights counts an upload while it arrives, and once",
    async (store) => {
      const shared = shareWeights(store, 60);
      const request = {
        leaseId: one,
        workerId: workerId(1),
        address: "one",
        bytes: 10,
      };
      const first = await shared.reserve(request);
      const second = await shared.reserve({ ...request, leaseId: leaseId(2) });
      assert.ok(first !== null && second !== null);
      const third = { ...request, leaseId: leaseId(3) };
      assert.equal(await shared.reserve(third), null);
      second[Symbol.dispose]();
      const again = await shared.reserve(third);
      assert.ok(again);
      again[Symbol.dispose]();
      // A repeated upload replaces the one before, and its failure keeps it.
      await shared.put(one, a, new Uint8Array(10));
      first[Symbol.dispose]();
      const repeated = await shared.reserve(request);
      assert.ok(repeated);
      repeated[Symbol.dispose]();
      assert.equal(await upload(shared, 3, 1, "one"), true);
      assert.equal(await upload(shared, 4, 1, "one"), false);
    },
  );

  check(
    "shareWeights takes what another coordinator deleted as free, and lets large weights in",
    async (store) => {
      const shared = shareWeights(store, 60);
      assert.equal(await upload(shared, 1, 1, "one"), true);
      assert.equal(await upload(shared, 2, 1, "one"), true);
      assert.equal(await upload(shared, 3, 1, "one"), false);
      await store.delete(one);
      assert.equal(await upload(shared, 3, 1, "one"), true);
      const large = {
        leaseId: leaseId(9),
        workerId: workerId(9),
        address: "nine",
        bytes: 40,
      };
      assert.ok(await shared.reserve(large));
      assert.equal(await shared.reserve({ ...large, bytes: 41 }), null);
    },
  );
}
