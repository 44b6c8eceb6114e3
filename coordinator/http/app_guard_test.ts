import assert from "node:assert/strict";
import {
  acquire,
  leaseRequest,
  problem,
  swarmTest as test,
  type TestSwarm,
} from "../../testing/app_fixture.ts";
import type { RegisterResponse } from "../../protocol/lease.ts";
import { uuid } from "../../testing/lease/fixtures.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/** Limits, roles and host names, tested through the whole app. */

const registration = {
  protocolVersion: PROTOCOL_VERSION,
  kind: "deno",
  threads: 1,
};

const register = (swarm: TestSwarm, peer: string, json: object = {}) =>
  swarm.call("POST", "/api/workers", {
    json: { ...registration, ...json },
    peer,
  });

test(
  "an address that calls too often must wait for the given time",
  async (swarm) => {
    const ask = (peer: string) => swarm.call("GET", "/healthz", { peer });
    for (let n = 0; n < 3; n++) {
      assert.equal((await ask("192.0.2.1")).status, 200);
    }
    const refused = await ask("192.0.2.1");
    await problem(refused, 429, "too-many-requests");
    assert.equal(refused.headers.get("retry-after"), "1");
    // Other addresses and this machine are not affected.
    assert.equal((await ask("192.0.2.2")).status, 200);
    for (let n = 0; n < 10; n++) {
      assert.equal((await ask("127.0.0.1")).status, 200);
    }
    swarm.clock.advance(1000);
    assert.equal((await ask("192.0.2.1")).status, 200);
  },
  { limits: { addressRate: { perSecond: 1, burst: 3 } } },
);

test("behind a trusted proxy each caller has its own limit", async (swarm) => {
  const ask = (caller: string) =>
    swarm.call("GET", "/healthz", {
      peer: "10.0.0.1",
      headers: { "x-forwarded-for": caller },
    });
  assert.equal((await ask("192.0.2.1")).status, 200);
  assert.equal((await ask("192.0.2.1")).status, 429);
  assert.equal((await ask("192.0.2.2")).status, 200);
  // An invented address at the front of the header has no effect.
  assert.equal((await ask("198.51.100.9, 192.0.2.1")).status, 429);
}, {
  limits: { addressRate: { perSecond: 1, burst: 1 } },
  trustProxy: ["10.0.0.1"],
});

test(
  "one worker that calls too often does not use up its address",
  async (swarm) => {
    const token = await swarm.join();
    const renew = (by: string) =>
      swarm.call("POST", `/api/leases/${uuid(1)}/renew`, {
        token: by,
        json: { attempt: 1 },
        peer: "192.0.2.1",
      });
    for (let n = 0; n < 2; n++) {
      await problem(
        await renew(token),
        409,
        "stale-lease",
      );
    }
    await problem(await renew(token), 429, "too-many-requests");
    await problem(await renew(await swarm.join()), 409, "stale-lease");
  },
  { limits: { workerRate: { perSecond: 1, burst: 2 } } },
);

test(
  "registrations of one address have their own limit",
  async (swarm) => {
    assert.equal((await register(swarm, "192.0.2.1")).status, 201);
    assert.equal((await register(swarm, "192.0.2.1")).status, 201);
    const refused = await register(swarm, "192.0.2.1");
    await problem(refused, 429, "too-many-requests");
    assert.equal(refused.headers.get("retry-after"), "10");
    assert.equal((await register(swarm, "192.0.2.2")).status, 201);
  },
  { limits: { registrationRate: { perSecond: 0.1, burst: 2 } } },
);

test("a full swarm accepts no more workers until some leave", async (swarm) => {
  const first = await swarm.join();
  await swarm.join();
  const refused = await register(swarm, "192.0.2.1");
  await problem(refused, 503, "unavailable");
  assert.equal(refused.headers.get("retry-after"), "60");
  await swarm.call("DELETE", "/api/workers/me", { token: first });
  swarm.clock.advance(1000);
  assert.equal((await register(swarm, "192.0.2.1")).status, 201);
}, { limits: { workers: 2 } });

test(
  "a full swarm answers those again whose first answer was lost",
  async (swarm) => {
    const secret = "a".repeat(64);
    const token = await swarm.join({ secret });
    swarm.clock.advance(2000);
    assert.equal(await swarm.join({ secret }), token);
    swarm.clock.advance(2000);
    assert.equal(await swarm.join(), undefined);
  },
  { limits: { workers: 1 } },
);

test(
  "a worker holds no more leases than allowed, even if it claims more threads",
  async (swarm) => {
    const token = await swarm.join({ threads: 1024 });
    await acquire(swarm, token);
    const more = await swarm.call("POST", "/api/leases", {
      token,
      json: leaseRequest,
    });
    assert.equal(more.headers.get("swarm-reason"), "enough-leases");
  },
  { limits: { leasesPerWorker: 1 } },
);

test(
  "an address holds no more leases than allowed, however many workers it has",
  async (swarm) => {
    const ask = async (token: string, leaseId: string) => {
      const response = await swarm.call("POST", "/api/leases", {
        token,
        json: { ...leaseRequest, leaseId },
        peer: "192.0.2.1",
      });
      return response.headers.get("swarm-reason") ?? response.status;
    };
    const [one, two] = [await swarm.join(), await swarm.join()];
    assert.equal(await ask(one, uuid(0xa)), 200);
    assert.equal(await ask(two, uuid(0xb)), "enough-leases");
    // Repeating a request whose answer was lost takes no second lease.
    assert.equal(await ask(one, uuid(0xa)), 200);
    await swarm.call("POST", `/api/leases/${uuid(0xa)}/release`, {
      token: one,
      json: { attempt: 1, reason: "leaving" },
    });
    assert.equal(await ask(two, uuid(0xb)), 200);
  },
  { limits: { leasesPerAddress: 1 } },
);

test("a body that does not arrive is refused", async (swarm) => {
  const stuck = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
  });
  const response = await swarm.app.request("/api/workers", {
    method: "POST",
    body: stuck,
    headers: { "content-type": "application/json" },
  });
  await problem(response, 408, "body-too-slow");
  assert.equal(response.headers.get("connection"), "close");
}, { limits: { bodySeconds: 0.02 } });

test("an incomplete body is a bad request", async (swarm) => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("connection reset")),
  });
  const response = await swarm.app.request("/api/workers", {
    method: "POST",
    body: broken,
    headers: { "content-type": "application/json" },
  });
  await problem(response, 400, "invalid-request");
});

test(
  "other host names are refused if only this machine is served",
  async (swarm) => {
    const ask = (host: string) =>
      swarm.call("GET", "/healthz", { headers: { host } });
    for (const host of ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"]) {
      assert.equal((await ask(host)).status, 200, host);
    }
    for (const host of ["evil.example:8000", "192.0.2.1", "a b", ""]) {
      await problem(await ask(host), 421, "foreign-host");
    }
  },
  { loopbackOnly: true },
);

test(
  "a required join code is enforced, and guesses are limited",
  async (swarm) => {
    const { detail } = await problem(
      await register(swarm, "192.0.2.1"),
      403,
      "join-code",
    );
    assert.match(detail, /requires a join code/);
    const right = { joinCode: "class-of-26" };
    assert.equal((await register(swarm, "192.0.2.1", right)).status, 201);
    for (let n = 0; n < 2; n++) {
      const wrong = { joinCode: `guess-${n}` };
      await problem(
        await register(swarm, "192.0.2.1", wrong),
        403,
        "join-code",
      );
    }
    await problem(
      await register(swarm, "192.0.2.1", { joinCode: "guess-3" }),
      429,
      "too-many-requests",
    );
    // The right one is never refused, whoever guesses at the same address.
    assert.equal((await register(swarm, "192.0.2.1", right)).status, 201);
    const said = JSON.stringify(swarm.logged);
    assert.ok(!said.includes("class-of-26") && !said.includes("guess-"));
  },
  {
    joinCode: "class-of-26",
    limits: { guessRate: { perSecond: 0.01, burst: 2 } },
  },
);

const governing: readonly (readonly [string, string])[] = [
  ["POST", "/api/studies"],
  ["POST", "/api/studies/seed/stop"],
  ["POST", "/api/studies/seed/resume"],
  ["DELETE", "/api/studies/seed"],
  ["DELETE", `/api/workers/${uuid(1)}`],
  ["GET", "/metrics"],
  ["HEAD", "/metrics"],
];

test(
  "the operator's routes accept the admin token and no worker's token",
  async (swarm) => {
    const worker = await swarm.join();
    const near = `${swarm.adminToken.slice(0, -1)}~`;
    for (const [method, path] of governing) {
      for (const token of [undefined, "", "admin.", worker, near]) {
        const response = await swarm.call(method, path, {
          peer: "192.0.2.1",
          ...token === undefined ? {} : { token },
        });
        assert.equal(response.status, 401, `${method} ${path}`);
      }
    }
    const asWorker = await swarm.call("POST", "/api/leases", {
      token: swarm.adminToken,
      json: leaseRequest,
    });
    await problem(asWorker, 401, "unauthorized");
    assert.ok(!JSON.stringify(swarm.logged).includes(swarm.adminToken));
  },
  { limits: { guessRate: { perSecond: 1, burst: 1000 } } },
);

test(
  "the admin token is right after any number of wrong ones",
  async (swarm) => {
    const ask = (token: string) =>
      swarm.call("POST", "/api/studies/seed/resume", {
        token,
        peer: "192.0.2.1",
      });
    await problem(await ask("admin.wrong"), 401, "unauthorized");
    await problem(await ask("admin.wrong"), 429, "too-many-requests");
    assert.equal((await ask(swarm.adminToken)).status, 200);
  },
  { limits: { guessRate: { perSecond: 0.001, burst: 1 } } },
);

test(
  "the operator is answered at an address that calls too often",
  async (swarm) => {
    const ask = (token: string) =>
      swarm.call("GET", "/metrics", { token, peer: "192.0.2.1" });
    assert.equal((await ask("admin.wrong")).status, 401);
    await problem(await ask("admin.wrong"), 429, "too-many-requests");
    assert.equal((await ask(swarm.adminToken)).status, 200);
  },
  { limits: { addressRate: { perSecond: 0.001, burst: 1 } } },
);

test("the operator stops a study, activates another one, and resumes the first", async (swarm) => {
  const token = swarm.adminToken;
  const post = (path: string, json?: object) =>
    swarm.call("POST", path, json === undefined ? { token } : { token, json });
  const worker = await swarm.join({ threads: 4 });
  const { leaseId } = await acquire(swarm, worker);
  const stopped = await post("/api/studies/seed/stop");
  assert.equal((await stopped.json()).active, false);
  const renewed = await swarm.call("POST", `/api/leases/${leaseId}/renew`, {
    token: worker,
    json: { attempt: 1 },
  });
  assert.deepEqual(await renewed.json(), {
    directive: "stop",
    reason: "study-stopped",
  });
  const none = await swarm.call("POST", "/api/leases", {
    token: worker,
    json: leaseRequest,
  });
  assert.equal(none.headers.get("swarm-reason"), "no-study");

  const other = {
    id: "other",
    title: { en: "Other", zh: "另" },
    searchSpace: { points: [{ dropout1: 0.3, dropout2: 0.4 }] },
    replicates: 1,
  };
  const created = await post("/api/studies", other);
  assert.equal(created.status, 201);
  assert.equal((await created.json()).active, true);
  assert.equal((await acquire(swarm, worker)).trial.studyId, "other");

  const resumed = await post("/api/studies/seed/resume");
  assert.equal((await resumed.json()).active, true);
  assert.equal((await acquire(swarm, worker)).trial.studyId, "seed");

  const gone = await swarm.call("DELETE", "/api/studies/other", { token });
  assert.equal(gone.status, 204);
  await problem(
    await swarm.call("GET", "/api/studies/other"),
    404,
    "not-found",
  );
  for (const path of ["stop", "resume"]) {
    await problem(await post(`/api/studies/other/${path}`), 404, "not-found");
  }
});

test("POST /api/studies: an invalid study is refused with the reason", async (swarm) => {
  const create = (change: object) =>
    swarm.call("POST", "/api/studies", {
      token: swarm.adminToken,
      json: {
        id: "other",
        title: { en: "Other", zh: "另" },
        searchSpace: { points: [{ dropout1: 0.3, dropout2: 0.4 }] },
        ...change,
      },
    });
  await problem(await create({ id: "Not An Id" }), 400, "invalid-request");
  const { detail } = await problem(
    await create({
      searchSpace: { points: [{ dropout1: 0.123456789, dropout2: 0 }] },
    }),
    400,
    "invalid-request",
  );
  assert.match(detail, /too fine/);
});

test("a removed worker loses its leases and its token, but its results stay", async (swarm) => {
  const response = await register(swarm, "192.0.2.1", { name: "Mallory" });
  const { token, workerId }: RegisterResponse = await response.json();
  const { trial } = await acquire(swarm, token);
  const remove = () =>
    swarm.call("DELETE", `/api/workers/${workerId}`, {
      token: swarm.adminToken,
    });
  assert.equal((await remove()).status, 204);
  const after = await swarm.call("POST", "/api/leases", {
    token,
    json: leaseRequest,
  });
  await problem(after, 403, "removed");
  const next = await acquire(swarm, await swarm.join());
  assert.equal(next.trial.trialId, trial.trialId);
  const unknown = await swarm.call("DELETE", `/api/workers/${uuid(0xfff)}`, {
    token: swarm.adminToken,
  });
  await problem(unknown, 404, "not-found");
});

test("GET /metrics: figures for the operator and for this machine", async (swarm) => {
  const token = await swarm.join();
  await acquire(swarm, token);
  await swarm.call("POST", "/api/leases", { token: "wrong", json: {} });
  const local = await swarm.call("GET", "/metrics", { peer: "127.0.0.1" });
  assert.match(
    local.headers.get("content-type") ?? "",
    /^text\/plain; version=/,
  );
  const text = await local.text();
  for (
    const line of [
      'swarm_events_total{event="lease-granted"} 1',
      'swarm_refusals_total{reason="unauthorized"} 1',
      "swarm_workers_online 1",
      "swarm_event_streams 0",
      'swarm_request_seconds_count{route="/api/leases",method="POST",status="2xx"} 1',
    ]
  ) assert.ok(text.includes(`${line}\n`), `${line} in ${text}`);
  // A request through a proxy on this machine does not count as local.
  const proxied = await swarm.call("GET", "/metrics", {
    peer: "127.0.0.1",
    headers: { "x-forwarded-for": "192.0.2.1" },
  });
  await problem(proxied, 401, "unauthorized");
  const operator = await swarm.call("GET", "/metrics", {
    peer: "192.0.2.1",
    token: swarm.adminToken,
  });
  assert.equal(operator.status, 200);
});

test("refusals are logged once a minute for each reason, with the address", async (swarm) => {
  const ask = () => swarm.call("GET", "/metrics", { peer: "192.0.2.1" });
  for (let n = 0; n < 5; n++) await ask();
  const lines = () => swarm.logged.filter((l) => l.message === "refused");
  assert.deepEqual(lines().map((l) => l.fields), [{
    reason: "unauthorized:admin",
    status: 401,
    method: "GET",
    address: "192.0.2.1",
    untold: 0,
  }]);
  swarm.clock.advance(60_000);
  await ask();
  assert.equal(lines().at(-1)?.fields["untold"], 4);
});

test("nicknames and devices are stored without marks that hide or turn text, and returned as JSON", async (swarm) => {
  const names = [
    "<img src=x onerror=alert(1)>",
    "gnp.exe",
    "ab",
    "x".repeat(40),
    '"; drop table workers; --',
  ];
  for (const name of names) {
    const marked = name.replace("gnp", "\u202Egnp").replace("ab", "a\u200Bb");
    await swarm.join({ name: marked, device: marked });
  }
  const response = await swarm.call("GET", "/api/workers");
  assert.equal(response.headers.get("content-type"), "application/json");
  const { workers } = await response.json();
  assert.deepEqual(
    workers.map((w: { name: string }) => w.name).sort(),
    names.toSorted(),
  );
  await problem(
    await register(swarm, "192.0.2.1", { name: "x".repeat(41) }),
    400,
    "invalid-request",
  );
});
