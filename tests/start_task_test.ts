import assert from "node:assert/strict";
import { join } from "node:path";
import { Leaderboard } from "../protocol/leaderboard.ts";
import { runScript, runTask } from "./processes.ts";
import { writeTinyStudy } from "./tiny_study.ts";

/** What `deno task start` does before a study runs: building, getting data. */

Deno.test("deno task start --json: the build before it writes nothing to standard output", async () => {
  const folder = await Deno.makeTempDir({ prefix: "start-test-" });
  try {
    const study = await writeTinyStudy(folder, {
      replicates: 1,
      epochs: 1,
      examples: 500,
    });
    const run = runTask("start", [
      ...["--study", study.path, "--data", study.data, "--port", "0"],
      ...["--db", join(folder, "swarm.db"), "--backend", "simd"],
      ...["--exit", "--json"],
    ], { env: { SWARM_CACHE: join(folder, "cache") } });
    assert.equal((await run.ended).code, 0, run.output());
    const { progress } = Leaderboard.parse(JSON.parse(run.stdout()));
    assert.equal(progress.completed, study.trials);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A study whose data are nowhere but, perhaps, at this address. */
async function writeFarStudy(folder: string, url: string): Promise<string> {
  const file = (digit: string) => ({
    name: "file",
    sha256: digit.repeat(64),
    urls: [url],
  });
  const path = join(folder, "study.json");
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      id: "far",
      title: { en: "Far", zh: "远" },
      dataset: {
        // Debian has a package of this name, with other files.
        name: "fashion-mnist",
        classes: 10,
        files: {
          trainImages: file("1"),
          trainLabels: file("2"),
          testImages: file("3"),
          testLabels: file("4"),
        },
      },
      searchSpace: { points: [{ dropout1: 0, dropout2: 0 }] },
    }),
  );
  return path;
}

Deno.test("start stopped by Ctrl-C during the download of its data says so and ends with status 0", async () => {
  const folder = await Deno.makeTempDir({ prefix: "start-test-" });
  const asked = Promise.withResolvers<void>();
  // A mirror that never comes to an end.
  await using mirror = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => {
      asked.resolve();
      return new Response(
        new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(99)) }),
      );
    },
  );
  try {
    const url = `http://127.0.0.1:${mirror.addr.port}/file`;
    const study = await writeFarStudy(folder, url);
    const run = runScript("coordinator/main.ts", [
      ...["--study", study, "--db", join(folder, "swarm.db"), "--port", "0"],
    ], { env: { SWARM_CACHE: join(folder, "cache") } });
    await asked.promise;
    run.kill("SIGINT");
    assert.equal((await run.ended).code, 0, run.output());
    assert.deepEqual(run.output().trim().split("\n"), [
      `downloading ${url}`,
      "stopping; the same command goes on where this one was",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name:
    "start without data, network or package lists each source and says what to do",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "start-test-" });
    try {
      const aptGet = join(folder, "apt-get");
      await Deno.writeTextFile(
        aptGet,
        '#!/bin/sh\necho "E: none of that here" >&2\nexit 100\n',
      );
      await Deno.chmod(aptGet, 0o755);
      // A port that nobody listens on.
      const url = "http://127.0.0.1:9/file";
      // With the task's own permissions: every look has to be allowed.
      const run = runScript("coordinator/main.ts", [
        ...["--study", await writeFarStudy(folder, url)],
        ...["--db", join(folder, "swarm.db"), "--port", "0", "--workers", "0"],
      ], {
        env: {
          SWARM_CACHE: join(folder, "cache"),
          PATH: `${folder}:/usr/bin:/bin`,
        },
      });
      assert.equal((await run.ended).code, 1, run.output());
      const said = run.output();
      assert.ok(said.startsWith(`downloading ${url}\n  failed: `), said);
      const [, error = ""] = said.split(/^error: /m);
      assert.match(error, /^data set fashion-mnist: no source has file\n/);
      assert.match(error, /apt-get failed: E: none of that here\n/);
      assert.match(error, /start with --data DIR\n$/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
