import assert from "node:assert/strict";
import { StudyId } from "../coordinator/protocol/ids.ts";
import { seedLeaderboard } from "../tests/browser/fixture_leaderboard.ts";
import { createApi, OutdatedPageError, UnreachableError } from "./api.ts";

const seed = StudyId.parse("seed");

/** An API over answers in the test's hands; requests are kept. */
function api(answer: () => Response) {
  const requests: Request[] = [];
  const client = createApi("http://swarm.test", (input, init) => {
    requests.push(new Request(input, init));
    try {
      return Promise.resolve(answer());
    } catch (error) {
      return Promise.reject(error);
    }
  });
  return { client, requests };
}

Deno.test("Api.leaderboard asks by its tag and takes 304 for no news", async () => {
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

Deno.test("Api tells a lost coordinator from an error and from other words", async () => {
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

Deno.test("Api names the addresses of events and of a study's files", () => {
  const { client } = api(() => new Response());
  assert.equal(client.eventsUrl, "http://swarm.test/api/events");
  assert.deepEqual(client.exports(seed), {
    json: "http://swarm.test/api/studies/seed/leaderboard",
    csv: "http://swarm.test/api/studies/seed/leaderboard.csv",
    report: "http://swarm.test/api/studies/seed/report.html",
  });
});
