import assert from "node:assert/strict";
import { join } from "node:path";
import { Sha256 } from "../../protocol/ids.ts";
import { leaseId } from "../../testing/lease/fixtures.ts";
import { folderWeights, memoryWeights } from "./weights_store.ts";

const [a, b] = [Sha256.parse("a".repeat(64)), Sha256.parse("b".repeat(64))];
const one = leaseId(1);

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found;
}

for (const kind of ["memory", "folder"] as const) {
  Deno.test(`WeightsStore in a ${kind}: one set a lease, by its sum`, async () => {
    const root = await Deno.makeTempDir();
    try {
      let now = 0;
      const store = kind === "memory"
        ? memoryWeights(() => now)
        : await folderWeights(join(root, "weights"), () => now);
      assert.equal(await store.has(one, a), false);
      assert.equal(await store.get(one, a), null);
      await store.put(one, a, Uint8Array.of(1, 2, 3));
      await store.put(one, a, Uint8Array.of(1, 2, 3));
      assert.deepEqual(await store.get(one, a), Uint8Array.of(1, 2, 3));
      assert.equal(await store.has(leaseId(2), a), false);
      now = 7;
      await store.put(one, b, Uint8Array.of(4));
      assert.equal(await store.has(one, a), false);
      assert.equal(await store.get(one, a), null);
      assert.deepEqual(await store.get(one, b), Uint8Array.of(4));
      assert.equal(await store.bytes(), 1);
      assert.deepEqual(await store.keptBefore(6), []);
      assert.deepEqual(await store.keptBefore(7), [one]);
      await store.delete(one);
      await store.delete(one);
      assert.equal(await store.get(one, b), null);
      assert.equal(await store.bytes(), 0);
      if (kind === "folder") {
        assert.deepEqual(await names(join(root, "weights")), []);
      }
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

Deno.test("folderWeights: finds files of an earlier process and deletes partial ones", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const before = await folderWeights(folder, () => 0);
    await before.put(one, a, Uint8Array.of(9));
    await Deno.writeFile(join(folder, "x.f32.1.part"), Uint8Array.of(1));
    await Deno.writeFile(join(folder, "notes.txt"), Uint8Array.of(1));
    const after = await folderWeights(folder, () => 0);
    assert.deepEqual(await after.get(one, a), Uint8Array.of(9));
    assert.equal(await after.bytes(), 1);
    assert.deepEqual((await names(folder)).sort(), [
      `${one}.${a}.f32`,
      "notes.txt",
    ]);
    // Another program emptied the folder.
    await Deno.remove(folder, { recursive: true });
    assert.equal(await after.get(one, a), null);
    await after.delete(one);
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
});
