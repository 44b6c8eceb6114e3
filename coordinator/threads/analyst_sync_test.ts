import assert from "node:assert/strict";
import { collectGarbage } from "../../tests/garbage.ts";
import type { TrialChange } from "../storage/storage.ts";
import {
  plannedTrial,
  seed,
  smallStudy,
  trained,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { createAnalyst } from "./analyst.ts";
import { AnalystError } from "./analyst.ts";
import { createAnalystSync } from "./analyst_sync.ts";
import { spawnAnalyst } from "./analyst_host.ts";
import { readable } from "./leaderboard_json.ts";

const { definition, trials: specs } = smallStudy({ replicates: 2 });
const throughput = {
  workersOnline: 0,
  trialsPerMinute: null,
  notLeasable: null,
};

/** A stored study and the reads of it. */
function stored() {
  let revision = 1;
  const rows = specs.map(plannedTrial).map((trial) => ({ ...trial, at: 1 }));
  const reads: number[] = [];
  return {
    reads,
    change(index: number, to: Partial<TrialChange>) {
      const row = rows[index];
      assert.ok(row);
      rows[index] = { ...row, ...to, at: ++revision };
    },
    views: {
      /** Three trials per read, or all with one revision. */
      changes: (studyId: string, since: number) => {
        reads.push(since);
        const news = rows.filter(({ at }) => at > since)
          .sort((a, b) => a.at - b.at);
        const end = news[2]?.at ?? revision;
        return Promise.resolve(
          studyId !== seed ? null : {
            definition,
            revision: end,
            trials: news.filter(({ at }) => at <= end),
            more: end < revision,
          },
        );
      },
    },
  };
}

const completed = {
  state: "completed" as const,
  result: trained(),
  workerId: workerId(1),
};

/** Number of results in each row of the analyst's leaderboard. */
async function replicates(analystSync: ReturnType<typeof createAnalystSync>) {
  const written = await analystSync.ask(
    seed,
    (analyst, { revision }) => analyst.leaderboard(seed, throughput, revision),
  );
  assert.ok(written);
  return readable(written).content().rows.map((row) => row.replicatesDone);
}

Deno.test("createAnalystSync: sends each change once", async () => {
  const study = stored();
  const analystSync = createAnalystSync(study.views, createAnalyst());
  assert.equal((await replicates(analystSync)).reduce((a, b) => a + b), 0);
  study.change(0, completed);
  assert.equal((await replicates(analystSync)).reduce((a, b) => a + b), 1);
  await replicates(analystSync);
  assert.deepEqual(study.reads, [0, 1, 2]);
  const backends = await analystSync.ask(seed, (a) => a.backends(seed));
  assert.deepEqual(backends?.map(({ trials }) => trials), [1]);
});

Deno.test("createAnalystSync: sends a study in parts, and it is complete", async () => {
  const study = stored();
  specs.slice(1).forEach((_, i) => study.change(i + 1, completed));
  assert.ok(specs.length > 3);
  const analystSync = createAnalystSync(study.views, createAnalyst());
  const done = (await replicates(analystSync)).reduce((a, b) => a + b);
  assert.equal(done, specs.length - 1);
  assert.ok(study.reads.length > 1, `${study.reads}`);
  specs.forEach((_, i) => study.change(i, completed));
  const all = (await replicates(analystSync)).reduce((a, b) => a + b);
  assert.equal(all, specs.length);
});

Deno.test("createAnalystSync: null for an unknown study", async () => {
  const analystSync = createAnalystSync(stored().views, createAnalyst());
  const asked = await analystSync.ask(
    "no-such-study" as typeof seed,
    () => Promise.reject(new Error("asked")),
  );
  assert.equal(asked, null);
});

Deno.test("createAnalystSync: removes an unplanned trial from the leaderboard", async () => {
  const study = stored();
  const analystSync = createAnalystSync(study.views, createAnalyst());
  const before = await replicates(analystSync);
  study.change(1, completed);
  await replicates(analystSync);
  // Every replicate of the first grid point.
  const point = JSON.stringify(specs[0]?.params);
  specs.forEach(({ params }, i) => {
    if (JSON.stringify(params) === point) study.change(i, { planned: false });
  });
  const after = await replicates(analystSync);
  assert.equal(after.length, before.length - 1);
  assert.equal(after.reduce((a, b) => a + b), 1, "its results are still known");
  // The whole study was sent again.
  assert.ok(study.reads.lastIndexOf(0) > study.reads.indexOf(2));
});

Deno.test("createAnalystSync: sends the whole study to a restarted analyst", async () => {
  const study = stored();
  let analyst = createAnalyst();
  const analystSync = createAnalystSync(study.views, {
    tell: (news) => analyst.tell(news),
    leaderboard: (...args) => analyst.leaderboard(...args),
    deviations: (id) => analyst.deviations(id),
    backends: (id) => analyst.backends(id),
  });
  study.change(0, completed);
  const before = await replicates(analystSync);
  analyst = createAnalyst();
  assert.deepEqual(await replicates(analystSync), before);
  analyst = {
    ...createAnalyst(),
    leaderboard: () => Promise.reject(new AnalystError("dead")),
  };
  await assert.rejects(replicates(analystSync), { name: "AnalystError" });
});

Deno.test("createAnalystSync: does not repeat a failed read", async () => {
  let reads = 0;
  const analystSync = createAnalystSync({
    changes() {
      reads++;
      return Promise.reject(new Error("no storage"));
    },
  }, createAnalyst());
  await assert.rejects(analystSync.ask(seed, () => Promise.resolve(1)), {
    message: "no storage",
  });
  assert.equal(reads, 1);
});

Deno.test("spawnAnalyst: closing rejects a waiting question", async () => {
  const thread = spawnAnalyst(true);
  const study = stored();
  const asked = replicates(createAnalystSync(study.views, thread));
  // The question has been sent.
  await new Promise((resolve) => setTimeout(resolve, 0));
  thread.close();
  await assert.rejects(asked, {
    name: "AnalystError",
    message: "the analyst was closed",
  });
});

Deno.test("spawnAnalyst: an answer can be garbage-collected once its caller drops it", async () => {
  const thread = spawnAnalyst(true);
  const analystSync = createAnalystSync(stored().views, thread);
  try {
    const ask = async () => {
      const answer = await analystSync.ask(seed, (a) => a.deviations(seed));
      assert.ok(answer !== null);
      return new WeakRef(answer);
    };
    const earlier = [await ask(), await ask()];
    await thread.backends(seed);
    await collectGarbage();
    assert.ok(earlier.every((answer) => answer.deref() === undefined));
  } finally {
    thread.close();
  }
});

Deno.test("spawnAnalyst: gives the same answers in a thread without permissions", async () => {
  const study = stored();
  study.change(0, completed);
  const thread = spawnAnalyst(true);
  try {
    const [there, here] = [
      createAnalystSync(study.views, thread),
      createAnalystSync(study.views, createAnalyst()),
    ];
    assert.deepEqual(await replicates(there), await replicates(here));
    const deviations = await there.ask(seed, (a) => a.deviations(seed));
    assert.deepEqual(
      deviations,
      await here.ask(seed, (a) => a.deviations(seed)),
    );
    // A failing question does not end the thread.
    await assert.rejects(thread.backends("other" as typeof seed), {
      name: "AnalystError",
    });
    await replicates(there);
  } finally {
    thread.close();
  }
  await assert.rejects(thread.backends(seed), {
    message: "the analyst was closed",
  });
});
