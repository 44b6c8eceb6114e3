import assert from "node:assert/strict";
// @ts-types="@types/papaparse"
import Papa from "papaparse";
import {
  acquire,
  leaseRequest,
  swarmTest as test,
  type TestSwarm,
} from "../../testing/app_fixture.ts";
import type { Lease } from "../../protocol/lease.ts";
import {
  CurveList,
  TrialPage,
  TrialView,
  WorkerList,
} from "../../protocol/views.ts";
import {
  epochMetrics,
  smallStudy,
  trained,
} from "../../testing/lease/fixtures.ts";

async function complete(
  swarm: TestSwarm,
  token: string,
  { leaseId, attempt }: Lease,
): Promise<void> {
  const response = await swarm.call(
    "POST",
    `/api/leases/${leaseId}/complete`,
    { token, json: { attempt, result: trained() } },
  );
  assert.equal(response.status, 200);
}

test("GET trial: every attempt, with the reason why it ended", async (swarm) => {
  const [ada, bob] = [
    await swarm.join({ name: "Ada" }),
    await swarm.join({ name: "Bob" }),
  ];
  const first = await acquire(swarm, ada);
  await swarm.call("POST", `/api/leases/${first.leaseId}/release`, {
    token: ada,
    json: { attempt: 1, reason: "failed", message: "out of memory" },
  });
  swarm.clock.advance(1000);
  // The trial failed on Ada's worker, so Bob's worker gets it next.
  const second = await acquire(swarm, bob);
  assert.equal(second.trial.trialId, first.trial.trialId);
  const path = `/api/trials/${first.trial.trialId}`;
  const running = await swarm.call("GET", path);
  const etag = running.headers.get("etag") ?? "";
  const same = await swarm.call("GET", path, {
    headers: { "if-none-match": etag },
  });
  assert.equal(same.status, 304);
  await swarm.call("POST", `/api/leases/${second.leaseId}/report`, {
    token: bob,
    json: { attempt: 2, epochs: [epochMetrics(1)] },
  });
  const moved = await swarm.call("GET", path, {
    headers: { "if-none-match": etag },
  });
  assert.equal(moved.status, 200);
  await complete(swarm, bob, second);
  const view = TrialView.parse(await (await swarm.call("GET", path)).json());
  assert.deepEqual(
    view.attempts.map((a) => [a.workerName, a.state, a.message]),
    [["Ada", "failed", "out of memory"], ["Bob", "completed", null]],
  );
  assert.equal(view.acceptedAttempt, 2);
  assert.equal(view.planned, true);
  assert.deepEqual(view.recipe, first.trial.recipe);
  assert.equal(Date.parse(view.startedAt ?? ""), swarm.clock.now());
});

test("GET trials: the latest first, and 304 while nothing changed", async (swarm) => {
  const token = await swarm.join({ threads: 2 });
  await acquire(swarm, token);
  const second = await acquire(swarm, token);
  const path = "/api/studies/seed/trials?order=latest&limit=1";
  const response = await swarm.call("GET", path);
  const { trials, total } = TrialPage.parse(await response.json());
  assert.equal(total, 4);
  assert.deepEqual(trials.map((t) => t.trialId), [second.trial.trialId]);
  const same = await swarm.call("GET", path, {
    headers: { "if-none-match": response.headers.get("etag") ?? "" },
  });
  assert.equal(same.status, 304);
});

test("GET curves: every trial in leasing order, running ones with their reported epochs", async (swarm) => {
  const token = await swarm.join({ threads: 2 });
  await complete(swarm, token, await acquire(swarm, token));
  const { leaseId } = await acquire(swarm, token);
  await swarm.call("POST", `/api/leases/${leaseId}/report`, {
    token,
    json: { attempt: 1, epochs: [epochMetrics(1)] },
  });
  const response = await swarm.call("GET", "/api/studies/seed/curves");
  assert.equal(response.headers.get("content-type"), "application/json");
  const { trials } = CurveList.parse(await response.json());
  assert.deepEqual(
    trials.map((t) => [t.state, t.outcome, t.epochs.length]),
    [
      ["completed", "trained", 2],
      ["leased", null, 1],
      ["queued", null, 0],
      ["queued", null, 0],
    ],
  );
});

test(
  "GET trials.csv and curves.csv: complete, and names cannot be formulas",
  async (swarm) => {
    const name = "=1+1\nrun";
    const token = await swarm.join({ name });
    await complete(swarm, token, await acquire(swarm, token));
    const read = async (path: string) => {
      const response = await swarm.call("GET", path);
      assert.equal(
        response.headers.get("content-type"),
        "text/csv; charset=utf-8",
      );
      const { data, errors } = Papa.parse<Record<string, string>>(
        await response.text(),
        { header: true, skipEmptyLines: true },
      );
      assert.deepEqual(errors, []);
      return [data, response.headers.get("content-disposition")] as const;
    };
    const [trials, named] = await read("/api/studies/seed/trials.csv");
    assert.equal(named, 'attachment; filename="seed-trials.csv"');
    // More trials than one read returns.
    assert.equal(trials.length, 2 * 130);
    assert.equal(new Set(trials.map((t) => t["trialId"])).size, 2 * 130);
    // The name contains no control characters or formulas.
    assert.equal(trials[0]?.["worker"], "'=1+1 run");
    const [curves] = await read("/api/studies/seed/curves.csv");
    assert.deepEqual(curves.map((line) => line["epoch"]), ["1", "2"]);
    const head = await swarm.call("HEAD", "/api/studies/seed/curves.csv");
    assert.equal(await head.text(), "");
  },
  { study: smallStudy({ replicates: 130 }) },
);

test("GET /api/workers: pages by most results, or only online workers", async (swarm) => {
  const [ada, bob] = [
    await swarm.join({ name: "Ada" }),
    await swarm.join({ name: "Bob" }),
  ];
  await swarm.join({ name: "Cyd" });
  await complete(swarm, bob, await acquire(swarm, bob));
  const simd = { backend: "simd", results: 1, deviation: null };
  const names = async (query: string) => {
    const { workers, ...counts } = WorkerList.parse(
      await (await swarm.call("GET", `/api/workers?${query}`)).json(),
    );
    return [workers.map((w) => w.name), counts];
  };
  assert.deepEqual(
    await names("order=results&limit=1"),
    [["Bob"], { online: 3, total: 3, backends: [simd] }],
  );
  swarm.clock.advance(50_001);
  await swarm.call("POST", "/api/leases", { token: ada, json: leaseRequest });
  assert.deepEqual(
    await names("show=online"),
    [["Ada"], { online: 1, total: 1, backends: [simd] }],
  );
  assert.deepEqual(
    (await names("order=results&offset=3"))[0],
    [],
  );
});

test("GET /api/workers: does not contain tokens", async (swarm) => {
  const token = await swarm.join({ name: "Ada" });
  const [, secret = ""] = token.split(".");
  const text = await (await swarm.call("GET", "/api/workers")).text();
  assert.ok(!/token|hash/i.test(text));
  assert.equal(secret.length, 64);
  assert.ok(!text.includes(secret));
});
