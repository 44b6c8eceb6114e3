import assert from "node:assert/strict";
import { join } from "node:path";
import { openSqlite } from "./sqlite.ts";
import { needsProcesses } from "../../../testing/needs_processes.ts";

/** Kills a writing process and resolves to its last answered write. */
async function writeUntilKilled(path: string): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-read",
      "--allow-write",
      new URL(
        "../../../testing/storage/sqlite_crash_child.ts",
        import.meta.url,
      ).href,
      path,
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  let killed = false;
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    // At any point, possibly in a transaction.
    if (!killed && text.split("\n").length > 50) {
      killed = true;
      child.kill("SIGKILL");
    }
  }
  const { signal } = await child.status;
  assert.equal(signal, "SIGKILL");
  return Number(text.split("\n").at(-2));
}

Deno.test(
  "openSqlite: kill -9 while writing loses no answered write",
  needsProcesses,
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = join(folder, "swarm.db");
      const answered = await writeUntilKilled(path);
      assert.ok(answered >= 50);
      // The killed process's lock is released, and the file is undamaged.
      const storage = openSqlite(path, () => 1);
      const stored = (await storage.workers(1_000_000)).length;
      await storage.close();
      // One write may be on disk without having been answered.
      assert.ok(stored === answered || stored === answered + 1, `${stored}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
