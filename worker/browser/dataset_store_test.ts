import assert from "node:assert/strict";
import { Sha256 } from "../../protocol/ids.ts";
import { browserDatasetStore } from "./dataset_store.ts";

const sha256 = Sha256.parse("0".repeat(64));

Deno.test("browserDatasetStore gives up on an IndexedDB that never answers, and asks it no more", async () => {
  const asked: string[] = [];
  const never = <T>(what: string) => {
    asked.push(what);
    return new Promise<T>(() => {});
  };
  const store = browserDatasetStore(
    { get: () => never("get"), set: () => never("set") },
    1,
  );
  await assert.rejects(
    store.read({ sha256, path: "/data", bytes: 1, compressedBytes: 1 }),
    /did not answer within/,
  );
  await assert.rejects(store.put(sha256, new Uint8Array(1)), /before/);
  assert.deepEqual(asked, ["get"]);
});

Deno.test("browserDatasetStore keeps the bytes of a view and no more", async () => {
  const kept = new Map<string, ArrayBuffer>();
  const store = browserDatasetStore({
    get: (name) => Promise.resolve(kept.get(name)),
    set: (name, content) => Promise.resolve(void kept.set(name, content)),
  });
  const whole = Uint8Array.of(1, 2, 3, 4);
  await store.put(sha256, whole.subarray(1, 3));
  assert.deepEqual([...new Uint8Array(kept.get(sha256) ?? [])], [2, 3]);
});
