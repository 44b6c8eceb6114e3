import assert from "node:assert/strict";
import { join } from "node:path";
import { Leaderboard } from "../coordinator/protocol/leaderboard.ts";
import { runScript, runTask } from "./processes.ts";
import { writeTinyStudy } from "./tiny_study.ts";

/** What `deno task start` does before a study runs: building, getting data. */

Deno.test("deno task start --json: what is built before writes nothing to standard output", async () => {
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

Deno.test("start stopped by Ctrl-C while its data are on their way says so, and ends with status 0", async () => {
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
    const study = join(folder, "study.json");
    const url = `http://127.0.0.1:${mirror.addr.port}/file`;
    const file = (digit: string) => ({
      name: "file",
      sha256: digit.repeat(64),
      urls: [url],
    });
    await Deno.writeTextFile(
      study,
      JSON.stringify({
        id: "far",
        title: { en: "Far", zh: "远" },
        dataset: {
          name: "far",
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

const debianCopy = await Deno.stat("/usr/share/datasets/fashion-mnist")
  .catch(() => null);

Deno.test({
  name:
    "start without data, network or package tells each place that it looked at, and what to do",
  ignore: debianCopy !== null || Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "start-test-" });
    try {
      const aptGet = join(folder, "apt-get");
      await Deno.writeTextFile(
        aptGet,
        '#!/bin/sh\necho "E: none of that here" >&2\nexit 100\n',
      );
      await Deno.chmod(aptGet, 0o755);
      const nowhere = "http://127.0.0.1:9";
      // With the task's own permissions: every look has to be allowed.
      const run = runScript("coordinator/main.ts", [
        ...["--db", join(folder, "swarm.db"), "--port", "0", "--workers", "0"],
      ], {
        env: {
          SWARM_CACHE: join(folder, "cache"),
          PATH: `${folder}:/usr/bin:/bin`,
          HTTP_PROXY: nowhere,
          HTTPS_PROXY: nowhere,
          NO_PROXY: "",
        },
      });
      assert.equal((await run.ended).code, 1, run.output());
      const said = run.output();
      assert.match(said, /downloading https:\S+\n {2}failed: /);
      const [, error = ""] = said.split(/^error: /m);
      assert.match(
        error,
        /^data set fashion-mnist: no source has train-images/,
      );
      assert.match(error, /apt-get failed: E: none of that here\n/);
      assert.match(error, /name it: --data DIR\n$/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
