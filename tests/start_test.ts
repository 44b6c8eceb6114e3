import assert from "node:assert/strict";
import { join } from "node:path";
import { Leaderboard } from "../protocol/leaderboard.ts";
import { TrialPage, TrialView } from "../protocol/views.ts";
import { type RunningCommand, runScript } from "./processes.ts";
import { writeTinyDataset } from "./tiny_dataset.ts";
import { get, until } from "./tiny_study.ts";

/** The `start` command as its users run it, on a data set of a moment's size. */
async function withStudy(
  test: (start: (...args: string[]) => ReturnType<typeof runScript>, files: {
    readonly folder: string;
    readonly db: string;
    readonly study: string;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "start-test-" });
  try {
    const data = await writeTinyDataset(folder, 1500, 300);
    const study = join(folder, "study.json");
    await Deno.writeTextFile(
      study,
      JSON.stringify({
        id: "tiny",
        title: { en: "Tiny", zh: "小" },
        dataset: data.definition,
        searchSpace: {
          points: [
            { dropout1: 0.2, dropout2: 0.5 },
            { dropout1: 0.5, dropout2: 0.2 },
          ],
        },
        replicates: 2,
        recipe: { epochs: 3, learningRate: 0.1, hiddenSizes: [32, 32] },
      }),
    );
    const db = join(folder, "swarm.db");
    const env = { SWARM_CACHE: join(folder, "cache") };
    await test(
      (...args) =>
        runScript("coordinator/main.ts", [
          ...["--study", study, "--data", folder, "--db", db, "--port", "0"],
          ...["--backend", "simd", "--workers", "2"],
          ...args,
        ], { env }),
      { folder, db, study },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("start --exit --json writes one JSON document and nothing else to standard output", async () => {
  await withStudy(async (start) => {
    const run = start("--exit", "--json");
    assert.equal((await run.ended).code, 0, run.output());
    const { progress, rows } = Leaderboard.parse(JSON.parse(run.stdout()));
    assert.equal(progress.completed, 4);
    assert.equal(progress.complete, true);
    assert.deepEqual(rows.map(({ replicatesDone }) => replicatesDone), [2, 2]);

    // Complete already: the same figures, without training anything.
    const again = start("--exit", "--json");
    assert.equal((await again.ended).code, 0, again.output());
    assert.deepEqual(
      Leaderboard.parse(JSON.parse(again.stdout())).rows,
      rows,
    );
  });
});

Deno.test("start stopped by Ctrl-C releases its leases and continues when started again", async () => {
  await withStudy(async (start) => {
    // Longer than it takes to see one of them under way.
    const longer = ["--epochs", "150"];
    const urlOf = async (run: RunningCommand) =>
      (await run.waitFor(/leaderboard (http:\S+?)\/,/))[1];
    const trialsAt = async (url: string | undefined) =>
      (await get(`${url}/api/studies/tiny/trials`, TrialPage)).trials;
    const run = start(...longer);
    const url = await urlOf(run);
    await until(
      () => trialsAt(url),
      (trials) => trials.some(({ state }) => state === "leased"),
    );
    run.kill("SIGINT");
    assert.equal((await run.ended).code, 0, run.output());
    assert.match(run.output(), /stopping/);

    const idle = start(...longer, "--workers", "0");
    const there = await urlOf(idle);
    const views = await Promise.all(
      (await trialsAt(there)).map(({ trialId }) =>
        get(`${there}/api/trials/${trialId}`, TrialView)
      ),
    );
    const attempts = views.flatMap(({ attempts }) => attempts);
    const states = new Set(attempts.map(({ state }) => state));
    assert.ok(states.has("released"), [...states].join());
    assert.ok(!states.has("running"), "a lease was not handed back");
    const done = views.filter(({ result }) => result !== null).length;
    idle.kill("SIGINT");
    await idle.ended;

    const again = start(...longer);
    const anew = await urlOf(again);
    await until(
      () => trialsAt(anew),
      (trials) =>
        trials.filter(({ state }) => state === "completed").length > done,
    );
    again.kill("SIGINT");
    assert.equal((await again.ended).code, 0, again.output());
  });
});

Deno.test("start says in one line what is wrong and ends with a status that is not 0", async () => {
  await withStudy(async (start, { folder, db, study }) => {
    const broken = join(folder, "broken.json");
    await Deno.writeTextFile(broken, '{ "id": "Not A Slug" }');
    const noDatabase = join(folder, "notes.db");
    await Deno.writeTextFile(
      noDatabase,
      "not a database, but long enough ".repeat(64),
    );
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [["--replicates", "many"], /--replicates.*whole number/],
      [["--points", "0.2"], /points.*0\.2/],
      [["--wrokers", "1"], /--wrokers/],
      [["extra"], /not understood: "extra"/],
      [["--port", String(port)], /port \d+ is in use.*--port/],
      [["--host", "192.0.2.1"], /192\.0\.2\.1.*--host/],
      [["--study", "no-such.json"], /no-such\.json: there is no such file/],
      [["--study", broken], /broken\.json.*id/],
      [["--db", join(folder, "missing", "x.db")], /missing/],
      [["--db", join(study, "x.db")], /study\.json is a file, not a folder/],
      [["--db", noDatabase], /notes\.db/],
      [["--data", join(folder, "nowhere")], /nowhere/],
    ];
    try {
      for (const [args, expected] of mistakes) {
        const run = start("--workers", "0", "--exit", ...args);
        const { code } = await run.ended;
        assert.notEqual(code, 0, `${args}: ${run.output()}`);
        assert.equal(run.stdout(), "", `${args}`);
        const lines = run.output().trim().split("\n").filter((line) =>
          !line.startsWith("data set tiny: ")
        );
        assert.equal(lines.length, 1, `${args}: ${run.output()}`);
        assert.match(lines[0] ?? "", /^error: /);
        assert.match(lines[0] ?? "", expected);
      }
    } finally {
      taken.close();
    }
    // None of them left a database behind that was not there.
    await assert.rejects(Deno.stat(join(folder, "missing")));
    assert.ok(db.endsWith("swarm.db"));
  });
});
