import assert from "node:assert/strict";
import { StudyList } from "../../protocol/views.ts";
import { type PathProxy, startPathProxy } from "../path_proxy.ts";
import { type RunningCommand, runScript } from "../processes.ts";
import { get, writeTinyStudy } from "../tiny_study.ts";

/**
 * Coordinators under a path of a proxy, as JupyterHub and many servers have
 * them: with both kinds of proxy. What cannot work is refused with the reason.
 */

/** Runs `start` behind a proxy that has nothing else. */
async function behindProxy(
  { strips, publicPath, replacesHost = false }: {
    readonly strips: boolean;
    /** Of `--public-url`; null: no such flag. */
    readonly publicPath: string | null;
    readonly replacesHost?: boolean;
  },
  test: (swarm: {
    readonly proxy: PathProxy;
    readonly start: RunningCommand;
    /** The coordinator's own address. */
    readonly own: string;
    /** Runs `join` until the study is complete. */
    readonly join: (url: string) => RunningCommand;
    readonly trials: number;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "wild-addresses-" });
  const study = await writeTinyStudy(folder, {
    replicates: 1,
    epochs: 1,
    examples: 300,
  });
  await using proxy = await startPathProxy();
  const start = runScript("coordinator/main.ts", [
    ...["--study", study.path, "--data", study.data, "--port", "0"],
    ...["--db", `${folder}/swarm.db`, "--workers", "0"],
    ...publicPath === null
      ? []
      : ["--public-url", `${proxy.origin}${publicPath}`],
  ], { env: { SWARM_CACHE: `${folder}/cache` } });
  try {
    const [, own = ""] = await start.waitFor(
      publicPath === null
        ? /leaderboard (http:\S+?)\/,/
        : /on this machine (http:\S+?)\/;/,
    );
    const path = publicPath ?? "/swarm/";
    proxy.use({ path, to: own, strips, replacesHost });
    await test({
      proxy,
      start,
      own,
      join: (url) =>
        runScript(
          "worker/main_deno.ts",
          [url, "--exit", "--threads", "1", "--backend", "simd"],
          { env: { SWARM_CACHE: `${folder}/join-cache` } },
        ),
      trials: study.trials,
    });
  } finally {
    start.kill("SIGINT");
    await start.ended;
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [kind, proxy] of [
    ["takes its path away", { strips: true, publicPath: null }],
    [
      "takes its path away and replaces Host",
      { strips: true, publicPath: "/swarm/", replacesHost: true },
    ],
    [
      "passes its path on",
      { strips: false, publicPath: "/user/ada/proxy/absolute/8000/" },
    ],
  ] as const
) {
  Deno.test(`join trains under a path of a proxy that ${kind}`, () =>
    behindProxy(proxy, async ({ proxy: { origin, strays }, ...swarm }) => {
      const { start, own, join, trials } = swarm;
      const address = `${origin}${proxy.publicPath ?? "/swarm/"}`;
      if (proxy.publicPath !== null) {
        // Invitation and introduction name what others can use.
        assert.ok(start.output().includes(`leaderboard ${address},`));
        assert.ok(start.output().includes(`join ${address}join;`));
        const [, link] = await start.waitFor(/join from another device: (\S+)/);
        assert.equal(link, `${address}join`);
      }
      const worker = join(`${address}join`);
      assert.equal((await worker.ended).code, 0, worker.output());
      const { studies } = await get(`${own}/api/studies`, StudyList);
      assert.equal(studies[0]?.completed, trials);
      // A prefix lost anywhere would ask the host's root.
      assert.deepEqual(strays, []);
    }));
}

Deno.test("join says what the coordinator lacks where its proxy passes the path on", () =>
  behindProxy(
    { strips: false, publicPath: null },
    async ({ proxy: { origin }, join }) => {
      const worker = join(`${origin}/swarm/`);
      assert.equal((await worker.ended).code, 1, worker.output());
      assert.match(
        worker.output(),
        /nothing is served here: \/swarm\/api\/workers; .* start the coordinator with --public-url/,
      );
    },
  ));

for (
  const [address, reason] of [
    [
      "https://example.test/api/",
      /of its own at \/api\/\. Have the proxy use another path/,
    ],
    [
      "https://example.test/swarm/?a=b",
      /a host and a path alone: https:\/\/example\.test\/swarm\//,
    ],
  ] as const
) {
  Deno.test(`start refuses the public address ${address} before anything`, async () => {
    const run = runScript("coordinator/main.ts", ["--public-url", address]);
    assert.equal((await run.ended).code, 1, run.output());
    assert.match(run.output(), reason);
    assert.equal(run.output().trim().split("\n").length, 1, run.output());
  });
}
