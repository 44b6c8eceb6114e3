import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import {
  acquire,
  problem,
  swarmTest as test,
} from "../../testing/app_fixture.ts";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import {
  StudyDetail,
  StudyList,
  TrialPage,
  TrialView,
  WorkerList,
} from "../../protocol/views.ts";
import { epochMetrics, trained } from "../../testing/lease/fixtures.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

test("a body that is not JSON is an invalid request", async (swarm) => {
  for (const body of ["{", "", "\u0000"]) {
    const response = await swarm.call("POST", "/api/workers", {
      body,
      headers: { "content-type": "application/json" },
    });
    await problem(response, 400, "invalid-request");
  }
});

test("a body of another type is refused with 415", async (swarm) => {
  const response = await swarm.call("POST", "/api/workers", {
    body: "threads=1",
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  await problem(response, 415, "invalid-request");
});

test(
  "a body over the limit is refused, with and without Content-Length",
  async (swarm) => {
    const long = JSON.stringify({ name: "x".repeat(3000) });
    const announced = await swarm.call("POST", "/api/workers", {
      body: long,
      headers: {
        "content-type": "application/json",
        "content-length": String(long.length),
      },
    });
    await problem(announced, 413, "body-too-large");
    const streamed = await swarm.app.request("/api/workers", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "transfer-encoding": "chunked",
      },
      body: new Blob([long]).stream(),
    });
    await problem(streamed, 413, "body-too-large");
  },
  { limits: { bodyBytes: 1000 } },
);

test("GET /api/studies: lists and details with progress", async (swarm) => {
  const token = await swarm.join();
  const { leaseId } = await acquire(swarm, token);
  swarm.clock.advance(60_000);
  await swarm.call("POST", `/api/leases/${leaseId}/complete`, {
    token,
    json: { attempt: 1, result: trained() },
  });
  await acquire(swarm, token);
  const list = await swarm.call("GET", "/api/studies");
  assert.deepEqual(StudyList.parse(await list.json()).studies, [
    { id: "seed", active: true, trials: 4, completed: 1 },
  ]);
  const detail = StudyDetail.parse(
    await (await swarm.call("GET", "/api/studies/seed")).json(),
  );
  assert.deepEqual(detail.progress, {
    total: 4,
    completed: 1,
    leased: 1,
    queued: 2,
    quarantined: 0,
    complete: false,
    standstill: null,
    workersOnline: 1,
    trialsPerMinute: 1,
    secondsLeft: 180,
  });
});

test("GET leaderboard: JSON with an ETag that changes with the content", async (swarm) => {
  const path = "/api/studies/seed/leaderboard";
  const first = await swarm.call("GET", path);
  assert.equal(first.status, 200);
  assert.equal(first.headers.get("content-type"), "application/json");
  Leaderboard.parse(await first.json());
  const etag = first.headers.get("etag") ?? "";
  assert.match(etag, /^W\/"1-[0-9a-f]{16}"$/);
  for (const tag of [etag, etag.slice(2), `"x", ${etag}`, "*"]) {
    const same = await swarm.call("GET", path, {
      headers: { "if-none-match": tag },
    });
    assert.equal(same.status, 304);
    assert.equal(await same.text(), "");
  }
  await acquire(swarm, await swarm.join());
  const next = await swarm.call("GET", path, {
    headers: { "if-none-match": etag },
  });
  assert.equal(next.status, 200);
  assert.notEqual(next.headers.get("etag"), etag);
});

test("GET leaderboard: compressed if the client accepts it", async (swarm) => {
  const path = "/api/studies/seed/leaderboard";
  const answer = (accepted?: string) =>
    swarm.call(
      "GET",
      path,
      accepted === undefined
        ? {}
        : { headers: { "accept-encoding": accepted } },
    );
  const plain = await (await answer()).text();
  for (const accepted of ["gzip", "br;q=1.0, gzip;q=0.5", "GZIP"]) {
    const response = await answer(accepted);
    assert.equal(response.headers.get("content-encoding"), "gzip");
    assert.equal(response.headers.get("vary"), "accept-encoding");
    const body = new Uint8Array(await response.arrayBuffer());
    assert.ok(body.length < plain.length);
    assert.equal(gunzipSync(body).toString(), plain);
  }
  for (const accepted of ["br", "gzip;q=0", "identity", "x-gzip-not"]) {
    const response = await answer(accepted);
    assert.equal(response.headers.get("content-encoding"), null);
    assert.equal(await response.text(), plain);
  }
});

test("GET leaderboard.csv: a download with its own file name", async (swarm) => {
  const path = "/api/studies/seed/leaderboard.csv";
  const response = await swarm.call("GET", path);
  assert.equal(await response.text(), "study,revision\r\nseed,1\r\n");
  assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal(
    response.headers.get("content-disposition"),
    'attachment; filename="seed.csv"',
  );
  const etag = response.headers.get("etag") ?? "";
  const same = await swarm.call("GET", path, {
    headers: { "if-none-match": etag },
  });
  assert.equal(same.status, 304);
});

test("GET report.html: a download, not a page of the coordinator", async (swarm) => {
  const response = await swarm.call("GET", "/api/studies/seed/report.html");
  assert.equal(await response.text(), "<p>The report</p>");
  assert.equal(
    response.headers.get("content-type"),
    "text/html; charset=utf-8",
  );
  assert.equal(
    response.headers.get("content-disposition"),
    'attachment; filename="seed.html"',
  );
  assert.equal(response.headers.get("cache-control"), "no-store");
});

test("GET trials: pages by state; a trial with its attempts", async (swarm) => {
  const token = await swarm.join({ name: "Ada" });
  const { trial, leaseId } = await acquire(swarm, token);
  await swarm.call("POST", `/api/leases/${leaseId}/report`, {
    token,
    json: { attempt: 1, epochs: [epochMetrics(1)] },
  });
  const page = TrialPage.parse(
    await (await swarm.call("GET", "/api/studies/seed/trials?state=leased"))
      .json(),
  );
  assert.equal(page.total, 1);
  assert.deepEqual(
    page.trials.map((t) => [t.trialId, t.workerName, t.epochsDone]),
    [[trial.trialId, "Ada", 1]],
  );
  const rest = TrialPage.parse(
    await (await swarm.call(
      "GET",
      "/api/studies/seed/trials?limit=2&offset=3",
    )).json(),
  );
  assert.deepEqual([rest.total, rest.trials.length], [4, 1]);
  const running = TrialView.parse(
    await (await swarm.call("GET", `/api/trials/${trial.trialId}`)).json(),
  );
  assert.equal(running.state, "leased");
  assert.equal(running.result, null);
  assert.deepEqual(running.attempts[0]?.epochs, [epochMetrics(1)]);
  await swarm.call("POST", `/api/leases/${leaseId}/complete`, {
    token,
    json: { attempt: 1, result: trained() },
  });
  const done = TrialView.parse(
    await (await swarm.call("GET", `/api/trials/${trial.trialId}`)).json(),
  );
  assert.deepEqual(done.result, trained());
  assert.equal(done.epochsDone, 2);
  assert.equal(done.workerName, "Ada");
});

test("GET /api/workers: lists workers with backend and results", async (swarm) => {
  const token = await swarm.join({ name: "Ada", device: "Linux" });
  const { leaseId } = await acquire(swarm, token);
  swarm.clock.advance(60_000);
  await swarm.call("POST", `/api/leases/${leaseId}/complete`, {
    token,
    json: { attempt: 1, result: trained() },
  });
  const read = async () =>
    WorkerList.parse(await (await swarm.call("GET", "/api/workers")).json());
  const { workers, online } = await read();
  assert.equal(online, 1);
  const [ada] = workers;
  assert.ok(ada);
  const { workerId: _, lastSeenAt, registeredAt, ...rest } = ada;
  assert.equal(Date.parse(lastSeenAt), swarm.clock.now());
  assert.equal(Date.parse(registeredAt), swarm.clock.now() - 60_000);
  assert.deepEqual(rest, {
    name: "Ada",
    kind: "deno",
    threads: 1,
    device: "Linux",
    backend: "simd",
    backendDetail: null,
    stepMilliseconds: 10,
    trialsPerMinute: 1,
    online: true,
    trialsRunning: 0,
    trialsCompleted: 1,
    deviation: null,
  });
  swarm.clock.advance(50_001);
  assert.deepEqual((await read()).workers.map((w) => w.online), [false]);
  // After a heartbeat it is online again.
  await swarm.call("POST", `/api/leases/${leaseId}/renew`, {
    token,
    json: { attempt: 1 },
  });
  assert.equal((await read()).online, 1);
});

test("unknown items are not found", async (swarm) => {
  for (
    const path of [
      "/nothing",
      "/api/nothing",
      "/api/studies/other",
      "/api/studies/other/leaderboard",
      "/api/studies/other/leaderboard.csv",
      "/api/studies/other/report.html",
      "/api/studies/other/trials",
      "/api/studies/other/trials.csv",
      "/api/studies/other/curves",
      "/api/studies/other/curves.csv",
      "/api/studies/other/points/d1_0.2-d2_0.2",
      "/api/studies/seed/points/d1_0.2-d2_0.3",
      "/api/trials/other",
      `/data/${"0".repeat(64)}.gz`,
      "/api/page/../app.ts",
      "/api/page/package.json",
    ]
  ) {
    const { detail } = await problem(
      await swarm.call("GET", path),
      404,
      "not-found",
    );
    assert.match(detail, /: /);
  }
});

test("invalid paths and queries are refused", async (swarm) => {
  for (
    const path of [
      "/api/studies/Not%20An%20Id",
      "/api/studies/..%2f..%2fetc/leaderboard",
      "/api/trials/..%2fx",
      "/api/studies/seed/trials?limit=0",
      "/api/studies/seed/trials?limit=1001",
      "/api/studies/seed/trials?limit=1&limit=2",
      "/api/studies/seed/trials?state=asleep",
      "/api/studies/seed/trials?offset=1e99",
      "/api/studies/seed/trials?order=random",
      "/api/studies/seed/points/0.2",
      "/api/studies/seed/points/d1_0.2-d2_2",
      "/api/studies/seed/points/..%2f,0",
      "/api/workers?limit=many",
      "/api/workers?show=none",
      "/data/..%2f..%2fetc%2fpasswd",
      "/data/x.gz",
    ]
  ) {
    await problem(await swarm.call("GET", path), 400, "invalid-request");
  }
  const token = await swarm.join();
  const response = await swarm.call("POST", "/api/leases/mine/renew", {
    token,
    json: { attempt: 1 },
  });
  await problem(response, 400, "invalid-request");
});

test("an unsupported method is refused with the allowed ones", async (swarm) => {
  const response = await swarm.call("PUT", "/api/workers");
  await problem(response, 405, "invalid-request");
  const allow = response.headers.get("allow")?.split(", ").sort();
  assert.deepEqual(allow, ["GET", "HEAD", "POST"]);
});

test("a page of another origin may not change state", async (swarm) => {
  const register = (headers: Record<string, string>) =>
    swarm.call("POST", "/api/workers", {
      json: { protocolVersion: PROTOCOL_VERSION, kind: "browser", threads: 1 },
      headers: { host: "swarm.example:8000", ...headers },
    });
  for (
    const origin of [
      "https://evil.example",
      "http://swarm.example",
      "http://swarm.example:8001",
      "null",
      "nonsense",
    ]
  ) {
    await problem(await register({ origin }), 403, "foreign-origin");
  }
  assert.equal((await register({})).status, 201);
  assert.equal(
    (await register({ origin: "http://swarm.example:8000" })).status,
    201,
  );
  // Reading needs no such check: without CORS headers a page of another origin
  // cannot read the answer.
  const read = await swarm.call("GET", "/api/workers", {
    headers: { origin: "https://evil.example" },
  });
  assert.equal(read.status, 200);
  assert.equal(read.headers.get("access-control-allow-origin"), null);
});

test("every answer carries the security headers", async (swarm) => {
  for (const path of ["/healthz", "/nothing", "/api", "/api/studies/seed"]) {
    const { headers } = await swarm.call("GET", path);
    assert.equal(
      headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; " +
        "style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "worker-src 'self'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'",
    );
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
    assert.equal(headers.get("cross-origin-embedder-policy"), "require-corp");
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("x-frame-options"), "DENY");
    const policy = headers.get("permissions-policy") ?? "";
    assert.match(policy, /camera=\(\), .*geolocation=\(\)/);
    assert.match(policy, /screen-wake-lock=\(self\)/);
    assert.equal(headers.get("x-powered-by"), null);
  }
});

test("GET /healthz and /readyz: report the version", async (swarm) => {
  for (const path of ["/healthz", "/readyz"]) {
    const response = await swarm.call("GET", path);
    assert.deepEqual(await response.json(), {
      status: "ok",
      protocolVersion: PROTOCOL_VERSION,
      study: "seed",
    });
  }
});

test("GET /readyz: 503 while draining, when other requests are still answered", async (swarm) => {
  swarm.readiness.drain();
  const response = await swarm.call("GET", "/readyz");
  const { detail } = await problem(response, 503, "unavailable");
  assert.match(detail, /about to stop/);
  assert.equal(response.headers.get("retry-after"), "5");
  for (const path of ["/healthz", "/api/studies"]) {
    assert.equal((await swarm.call("GET", path)).status, 200, path);
  }
  await swarm.join();
});
