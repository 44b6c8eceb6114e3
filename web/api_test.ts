import assert from "node:assert/strict";
import { StudyId, TrialId } from "../protocol/ids.ts";
import { seedLeaderboard } from "../tests/browser/fixture_leaderboard.ts";
import { trialFixture } from "../tests/browser/fixture_trial.ts";
import { createApi, OutdatedPageError, UnreachableError } from "./api.ts";

const seed = StudyId.parse("seed");

/** An API that gets `answer`'s responses, and the requests that it sends. */
function api(answer: () => Response, coordinator = "http://swarm.test") {
  const requests: Request[] = [];
  const client = createApi(coordinator, (input, init) => {
    requests.push(new Request(input, init));
    try {
      return Promise.resolve(answer());
    } catch (error) {
      return Promise.reject(error);
    }
  });
  return { client, requests };
}

Deno.test("Api.leaderboard sends its tag and returns null for 304", async () => {
  const board = seedLeaderboard("complete");
  const fresh = api(() => Response.json(board, { headers: { ETag: '"7"' } }));
  const fetched = await fresh.client.leaderboard(seed, null);
  assert.deepEqual(fetched, { leaderboard: board, etag: '"7"' });
  assert.equal(fresh.requests[0]?.headers.get("If-None-Match"), null);

  const same = api(() => new Response(null, { status: 304 }));
  assert.equal(await same.client.leaderboard(seed, '"7"'), null);
  assert.equal(same.requests[0]?.headers.get("If-None-Match"), '"7"');
  assert.equal(
    same.requests[0]?.url,
    "http://swarm.test/api/studies/seed/leaderboard",
  );
});

Deno.test("Api tells a lost coordinator, an error and an unknown answer apart", async () => {
  const away = api(() => {
    throw new TypeError("network");
  });
  await assert.rejects(away.client.studies(), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.equal(error.status, null);
    return true;
  });
  const missing = api(() => new Response("no", { status: 404 }));
  await assert.rejects(missing.client.study(seed), { status: 404 });
  const broken = api(() => new Response("{"));
  await assert.rejects(broken.client.studies(), UnreachableError);
  const newer = api(() => Response.json({ studies: [], more: true }));
  await assert.rejects(newer.client.studies(), OutdatedPageError);
});

Deno.test("Api gives the URLs of events and of a study's files", () => {
  const { client } = api(() => new Response());
  assert.equal(client.eventsUrl, "http://swarm.test/api/events");
  assert.deepEqual(client.exports(seed), {
    json: "http://swarm.test/api/studies/seed/leaderboard",
    csv: "http://swarm.test/api/studies/seed/leaderboard.csv",
    report: "http://swarm.test/api/studies/seed/report.html",
    trialsCsv: "http://swarm.test/api/studies/seed/trials.csv",
    curvesCsv: "http://swarm.test/api/studies/seed/curves.csv",
    curvesJson: "http://swarm.test/api/studies/seed/curves",
  });
});

Deno.test("Api keeps the path of its coordinator", async () => {
  const { client, requests } = api(
    () => Response.json({ studies: [] }),
    "https://example.org/swarm",
  );
  await client.studies();
  assert.equal(requests[0]?.url, "https://example.org/swarm/api/studies");
  // Pages share the stream of events by this name: one for each coordinator.
  assert.equal(client.eventsUrl, "https://example.org/swarm/api/events");
  for (const url of Object.values(client.exports(seed))) {
    assert.ok(url.startsWith("https://example.org/swarm/api/studies/seed/"));
  }
});

Deno.test("Api.trials, trial, point and workers send the right requests", async () => {
  const { client, requests } = api(() => new Response(null, { status: 304 }));
  const page = { limit: 20, offset: 40 };
  await client.trials(seed, { state: null, order: "latest", ...page }, null);
  await client.trials(
    seed,
    { state: "leased", order: "leasing", ...page },
    '"1"',
  );
  await client.trial(TrialId.parse("seed-1a-d0.2-d0.5-r0"), null);
  await client.point(seed, { dropout1: 0.2, dropout2: 0.5 }, null);
  await client.workers({ show: "online", order: "results", ...page }, null);
  assert.deepEqual(
    requests.map((r) => {
      const { pathname, searchParams } = new URL(r.url);
      return [decodeURIComponent(pathname), Object.fromEntries(searchParams)];
    }),
    [
      ["/api/studies/seed/trials", {
        order: "latest",
        limit: "20",
        offset: "40",
      }],
      ["/api/studies/seed/trials", {
        state: "leased",
        order: "leasing",
        limit: "20",
        offset: "40",
      }],
      ["/api/trials/seed-1a-d0.2-d0.5-r0", {}],
      ["/api/studies/seed/points/d1_0.2-d2_0.5", {}],
      ["/api/workers", {
        show: "online",
        order: "results",
        limit: "20",
        offset: "40",
      }],
    ],
  );
  assert.equal(requests[1]?.headers.get("If-None-Match"), '"1"');
});

Deno.test("Api.trial returns the trial with its tag", async () => {
  const trial = trialFixture({ attempts: ["running"] });
  const { client } = api(() =>
    Response.json(trial, { headers: { ETag: '"7"' } })
  );
  assert.deepEqual(await client.trial(trial.trialId, null), {
    value: trial,
    etag: '"7"',
  });
});
