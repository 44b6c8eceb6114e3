import assert from "node:assert/strict";
import { join } from "node:path";
import { Sha256 } from "../../protocol/ids.ts";
import { leaseId } from "../../testing/lease/fixtures.ts";
import { weightsConformance } from "../../testing/storage/weights.ts";
import { folderWeights, memoryWeights } from "./weights_store.ts";

const a = Sha256.parse("a".repeat(64));
const one = leaseId(1);

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found;
}

weightsConformance("memoryWeights", (now) =>
  Promise.resolve({
    store: memoryWeights(now),
    end: () => Promise.resolve(),
  }));

weightsConformance("folderWeights", async (now) => {
  const root = await Deno.makeTempDir();
  return {
    store: await folderWeights(join(root, "weights"), now),
    end: () => Deno.remove(root, { recursive: true }),
  };
});

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
    await after.put(leaseId(2), a, Uint8Array.of(8));
    await after.delete(leaseId(2));
    assert.equal((await names(folder)).length, 2);
    // Another program emptied the folder.
    await Deno.remove(folder, { recursive: true });
    assert.equal(await after.get(one, a), null);
    await after.delete(one);
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
});

Deno.test({
  name: "folderWeights: only the owner may read the weights",
  ignore: Deno.build.os === "windows",
  async fn() {
    const root = await Deno.makeTempDir();
    const folder = join(root, "weights");
    const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
    try {
      const store = await folderWeights(folder, () => 0);
      await store.put(one, a, Uint8Array.of(1));
      assert.equal(mode(folder), 0o700);
      const [file] = await names(folder);
      assert.equal(mode(join(folder, file ?? "")), 0o600);
      // As an earlier version left it.
      await Deno.chmod(folder, 0o755);
      await folderWeights(folder, () => 0);
      assert.equal(mode(folder), 0o700);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
