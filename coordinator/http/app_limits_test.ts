import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  acquire,
  leaseRequest,
  problem,
  swarmTest as test,
  type TestSwarm,
  testSwarm,
} from "../../testing/app_fixture.ts";
import { Lease } from "../../protocol/lease.ts";
import {
  type FakeClock,
  smallStudy,
  tinyManifest,
  trained,
  uuid,
} from "../../testing/lease/fixtures.ts";
import { memoryWeights, type WeightsStore } from "../storage/weights_store.ts";
import type { Limits } from "./limits/rates.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/** Limits on the coordinator's time and memory that one address may use. */

const peer = "192.0.2.1";

function lease(swarm: TestSwarm, token: string, leaseId?: string) {
  return swarm.call("POST", "/api/leases", {
    token,
    json: leaseId === undefined ? leaseRequest : { ...leaseRequest, leaseId },
    peer,
  });
}

const give = (swarm: TestSwarm, token: string, { leaseId, attempt }: Lease) =>
  swarm.call("POST", `/api/leases/${leaseId}/release`, {
    token,
    json: { attempt, reason: "leaving" },
    peer,
  });

test(
  "an address that releases its leases without results is slowed down",
  async (swarm) => {
    const token = await swarm.join();
    for (const _ of ["first", "second"]) {
      const granted = await lease(swarm, token);
      assert.equal(granted.status, 200);
      await give(swarm, token, Lease.parse(await granted.json()));
    }
    const refused = await lease(swarm, token);
    await problem(refused, 429, "too-many-requests");
    assert.equal(refused.headers.get("retry-after"), "10");
    // Other addresses and this machine are not affected.
    await acquire(swarm, await swarm.join());
    swarm.clock.advance(10_000);
    assert.equal((await lease(swarm, token)).status, 200);
  },
  { limits: { vainLeaseRate: { perSecond: 0.1, burst: 2 } } },
);

test(
  "a result that counts at once returns its lease to the address's budget once",
  async (swarm) => {
    const token = await swarm.join();
    const granted = await lease(swarm, token, uuid(0xa));
    const { leaseId, attempt } = Lease.parse(await granted.json());
    // A repeated request gets the same lease, although a new one would be
    // refused.
    assert.equal((await lease(swarm, token, uuid(0xa))).status, 200);
    const complete = () =>
      swarm.call("POST", `/api/leases/${leaseId}/complete`, {
        token,
        json: { attempt, result: trained() },
        peer,
      });
    assert.equal((await complete()).status, 200);
    assert.equal((await complete()).status, 200);
    assert.equal((await lease(swarm, token)).status, 200);
    const another = await lease(swarm, await swarm.join());
    await problem(another, 429, "too-many-requests");
  },
  { limits: { vainLeaseRate: { perSecond: 0.001, burst: 1 } } },
);

/** A study whose results are checked by nobody until the test says so. */
function judgedByHand(limits: Partial<Limits>) {
  return {
    study: smallStudy({ replicates: 20 }),
    dataset: tinyManifest,
    verification: (clock: FakeClock) => ({
      weights: memoryWeights(clock.now),
      verifier: {
        evaluate: () => new Promise<never>(() => {}),
        repeat: () => new Promise<never>(() => {}),
        trainsOn: () => new Promise<never>(() => {}),
        close: () => {},
      },
    }),
    limits,
  };
}

const diverged = {
  outcome: "diverged",
  epochs: [],
  backend: "simd",
  seconds: 1,
  divergedAtEpoch: 1,
};

/** Leases a trial and says that it diverged, without training it. */
async function claimDivergence(
  swarm: TestSwarm,
  token: string,
  from = peer,
): Promise<Lease> {
  const granted = await swarm.call("POST", "/api/leases", {
    token,
    json: leaseRequest,
    peer: from,
  });
  assert.equal(granted.status, 200);
  const taken = Lease.parse(await granted.json());
  const delivered = await swarm.call(
    "POST",
    `/api/leases/${taken.leaseId}/complete`,
    {
      token,
      json: { attempt: taken.attempt, result: diverged },
      peer: from,
    },
  );
  assert.equal((await delivered.json()).verdict, "pending");
  return taken;
}

const good = { type: "true", recomputed: null, repeatedEpochs: 2 } as const;
const bad = { type: "false", problems: ["it did not diverge"] } as const;

test(
  "an accepted result returns its lease to the address's budget, a refused one does not",
  async (swarm) => {
    const token = await swarm.join({ threads: 9 });
    const first = await claimDivergence(swarm, token);
    const second = await claimDivergence(swarm, token);
    await problem(await lease(swarm, token), 429, "too-many-requests");
    await swarm.coordinator.settle(first.leaseId, bad);
    await problem(await lease(swarm, token), 429, "too-many-requests");
    await swarm.coordinator.settle(second.leaseId, good);
    assert.equal((await lease(swarm, token)).status, 200);
    await problem(await lease(swarm, token), 429, "too-many-requests");
  },
  judgedByHand({ vainLeaseRate: { perSecond: 0.0001, burst: 2 } }),
);

/** Bytes of the weights of `smallStudy` on `tinyManifest`. */
const WEIGHTS = 4 * (5 * 256 + 257 * 256 + 257 * 10);

const reason = async (response: Promise<Response>) => {
  const { status, headers } = await response;
  return headers.get("swarm-reason") ?? status;
};

test(
  "a worker gets no lease while too many of its results wait for verdicts",
  async (swarm) => {
    const token = await swarm.join({ threads: 2 });
    const waiting: Lease[] = [];
    for (let n = 0; n < 4; n++) {
      waiting.push(await claimDivergence(swarm, token));
    }
    const none = await lease(swarm, token);
    assert.equal(none.headers.get("swarm-reason"), "verdicts-pending");
    assert.equal(none.headers.get("retry-after"), "5");
    // Others at the same address go on, and so does this machine.
    assert.equal(await reason(lease(swarm, await swarm.join())), 200);
    const local = await swarm.join({ threads: 1 });
    for (let n = 0; n < 3; n++) {
      await claimDivergence(swarm, local, "127.0.0.1");
    }
    // Each verdict makes room for a lease.
    const [first, second] = waiting;
    assert.ok(first && second);
    await swarm.coordinator.settle(first.leaseId, bad);
    await claimDivergence(swarm, token);
    assert.equal(await reason(lease(swarm, token)), "verdicts-pending");
    // Results of a study that is not active wait for that, not for verdicts.
    await swarm.call("POST", "/api/studies", {
      token: swarm.adminToken,
      json: smallStudy({ id: "other" }).definition,
    });
    await swarm.call("POST", "/api/studies/other/resume", {
      token: swarm.adminToken,
    });
    assert.equal(await reason(lease(swarm, token)), 200);
  },
  judgedByHand({ unjudgedPerThread: 2 }),
);

test(
  "an address gets no lease while too many of its results wait for verdicts",
  async (swarm) => {
    const [one, two] = [await swarm.join(), await swarm.join()];
    await claimDivergence(swarm, one);
    await claimDivergence(swarm, two);
    assert.equal(await reason(lease(swarm, one)), "verdicts-pending");
    assert.equal(
      await reason(lease(swarm, await swarm.join())),
      "verdicts-pending",
    );
    const token = await swarm.join();
    await claimDivergence(swarm, token, "192.0.2.2");
    // A verdict that never comes is not waited for.
    swarm.clock.advance(3_600_000);
    assert.equal(await reason(lease(swarm, one)), 200);
  },
  judgedByHand({ unjudgedPerAddress: 2 }),
);

Deno.test("createApp: a classroom behind one address trains on while verification is slower", async () => {
  const THREADS = 8;
  const TABS = 60;
  const stores: WeightsStore[] = [];
  const swarm = await testSwarm({
    ...judgedByHand({}),
    study: smallStudy({ replicates: 900 }),
    verification: (clock) => {
      const verification = judgedByHand({}).verification(clock);
      stores.push(verification.weights);
      // As many as 1 GiB holds of the seed study.
      return { ...verification, mostWeights: 994 * WEIGHTS };
    },
  });
  try {
    const bytes = new Uint8Array(WEIGHTS);
    const weights = createHash("sha256").update(bytes).digest("hex");
    const waiting: Lease[] = [];
    /** Leases, uploads and delivers; the reason if there is no lease. */
    const train = async (token: string): Promise<string | null> => {
      const granted = await lease(swarm, token);
      if (granted.status !== 200) return granted.headers.get("swarm-reason");
      const taken = Lease.parse(await granted.json());
      const { leaseId, attempt } = taken;
      const uploaded = await swarm.call(
        "PUT",
        `/api/leases/${leaseId}/weights?attempt=${attempt}`,
        {
          token,
          peer,
          body: bytes,
          headers: { "content-type": "application/octet-stream" },
        },
      );
      assert.equal(uploaded.status, 204);
      const result = { attempt, result: trained(), weights };
      const delivered = await swarm.call(
        "POST",
        `/api/leases/${leaseId}/complete`,
        { token, peer, json: result },
      );
      assert.equal((await delivered.json()).verdict, "pending");
      waiting.push(taken);
      return null;
    };
    const tabs: string[] = [];
    for (let n = 0; n < TABS; n++) {
      tabs.push(await swarm.join({ threads: THREADS }));
    }
    // Every thread delivers a result before there is any verdict.
    for (const tab of tabs) {
      for (let n = 0; n < THREADS; n++) assert.equal(await train(tab), null);
    }
    // Then they wait, and go on with each verdict.
    for (const next of tabs) {
      assert.equal(await train(next), "verdicts-pending");
      const judged = waiting.shift();
      assert.ok(judged);
      await swarm.coordinator.settle(judged.leaseId, good);
      await stores[0]?.delete(judged.leaseId);
      assert.equal(await train(next), null);
    }
  } finally {
    await swarm.close();
  }
});

test("an address fetches whole studies at a limited rate", async (swarm) => {
  const paths = [
    "/api/studies/seed/trials.csv",
    "/api/studies/seed/curves.csv",
    "/api/studies/seed/curves",
    "/api/studies/seed/report.html",
  ];
  for (const path of paths) {
    const response = await swarm.call("GET", path, { peer });
    assert.equal(response.status, 200);
    await response.body?.cancel();
    await problem(
      await swarm.call("GET", path, { peer }),
      429,
      "too-many-requests",
    );
    // The limit does not apply to what pages poll.
    for (const page of ["leaderboard", "trials"]) {
      const read = await swarm.call("GET", `/api/studies/seed/${page}`, {
        peer,
      });
      assert.equal(read.status, 200);
    }
    swarm.clock.advance(1000);
  }
}, { limits: { exportRate: { perSecond: 1, burst: 1 } } });

/** A body that arrives as the test says. */
function slowBody() {
  let send: (text: string) => void = () => {};
  let end = () => {};
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      send = (text) => controller.enqueue(new TextEncoder().encode(text));
      end = () => controller.close();
    },
  });
  return { body, send, end };
}

const registration = JSON.stringify({
  protocolVersion: PROTOCOL_VERSION,
  kind: "deno",
  threads: 1,
});

const register = (
  swarm: TestSwarm,
  from: string,
  body: BodyInit,
  headers: Record<string, string> = {},
) =>
  swarm.call("POST", "/api/workers", {
    peer: from,
    body,
    headers: { "content-type": "application/json", ...headers },
  });

test(
  "bodies are charged as they arrive, by address and in all",
  async (swarm) => {
    const silent = [slowBody(), slowBody(), slowBody()];
    const waiting = silent.map(({ body }) => register(swarm, peer, body));
    // What was only announced takes nobody's place, however much it was.
    const chunked = (from: string) =>
      register(swarm, from, new Blob([registration]).stream());
    assert.equal((await chunked(peer)).status, 201);
    silent[0]?.send(" ".repeat(900));
    const refused = await chunked("192.0.2.1");
    await problem(refused, 503, "unavailable");
    assert.equal(refused.headers.get("retry-after"), "5");
    assert.equal((await chunked("192.0.2.2")).status, 201);
    // This machine's own workers never have to wait.
    assert.equal((await chunked("127.0.0.1")).status, 201);
    // Short ones with a length are not charged at all.
    const told = { "content-length": String(registration.length) };
    assert.equal((await register(swarm, peer, registration, told)).status, 201);
    for (const { end } of silent) end();
    for (const answer of waiting) {
      await problem(await answer, 400, "invalid-request");
    }
    assert.equal((await chunked(peer)).status, 201);
  },
  { limits: { bodyBytes: 1000, receiving: 2000, receivingPerAddress: 900 } },
);

test(
  "a body that stops arriving is ended, one that keeps the pace is not",
  async (swarm) => {
    const stuck = slowBody();
    const answer = register(swarm, peer, stuck.body);
    stuck.send("{");
    const { detail } = await problem(await answer, 408, "body-too-slow");
    assert.match(detail, /10000 bytes a second/);
    // Enough has arrived for a minute.
    const steady = slowBody();
    const arriving = swarm.call("POST", "/api/studies", {
      token: swarm.adminToken,
      body: steady.body,
      headers: { "content-type": "application/json" },
    });
    steady.send(" ".repeat(500_000));
    await new Promise((resolve) => setTimeout(resolve, 100));
    steady.send("1");
    steady.end();
    await problem(await arriving, 400, "invalid-request");
  },
  { limits: { bodySeconds: 0.02, bodyPace: 10_000 } },
);

test("a body has the size and the shape that its route wants", async (swarm) => {
  const token = await swarm.join();
  const { leaseId } = Lease.parse(await (await lease(swarm, token)).json());
  const post = (path: string, body: string) =>
    swarm.call("POST", path, {
      token,
      body,
      headers: {
        "content-type": "application/json",
        "content-length": String(body.length),
      },
    });
  const report = `/api/leases/${leaseId}/report`;
  for (const path of ["/api/workers", "/api/leases", "/api/nothing"]) {
    await problem(await post(path, " ".repeat(4097)), 413, "body-too-large");
  }
  await problem(await post(report, " ".repeat(400_000)), 413, "body-too-large");
  const nested = "[".repeat(9000) + "]".repeat(9000);
  const named = Array.from({ length: 9000 }, (_, i) => `"k${i}":1`).join();
  for (
    const [body, pattern] of [
      [nested, /nested deeper than 16/],
      [`{"a":"\\"","b":${nested}}`, /nested deeper than 16/],
      [`{${named}}`, /more than 64 members/],
    ] as const
  ) {
    const refused = await post(report, body);
    assert.match(
      (await problem(refused, 400, "invalid-request")).detail,
      pattern,
    );
  }
  // Brackets and colons in texts are not counted.
  const message = '[{"\\"'.repeat(150) + ":".repeat(50);
  const release = await post(
    `/api/leases/${leaseId}/release`,
    JSON.stringify({ attempt: 1, reason: "leaving", message }),
  );
  assert.equal(release.status, 204);
});

test(
  "a large body counts as many requests",
  async (swarm) => {
    const token = await swarm.join();
    const post = (path: string, body: string) =>
      swarm.call("POST", path, {
        token,
        peer,
        body,
        headers: {
          "content-type": "application/json",
          "content-length": String(body.length),
        },
      });
    const report = `/api/leases/${uuid(1)}/report`;
    await problem(
      await post(report, " ".repeat(80_000)),
      400,
      "invalid-request",
    );
    await problem(
      await post(report, " ".repeat(80_000)),
      429,
      "too-many-requests",
    );
    await problem(await post(report, " "), 400, "invalid-request");
  },
  { limits: { addressRate: { perSecond: 0.001, burst: 30 } } },
);

test(
  "reads count as what they cost",
  async (swarm) => {
    const read = (query: string, from = peer) =>
      swarm.call("GET", `/api/studies/seed/trials${query}`, { peer: from });
    assert.equal((await read("?offset=1000000&limit=5")).status, 200);
    await problem(
      await read("?offset=1000000&limit=5"),
      429,
      "too-many-requests",
    );
    assert.equal((await read("?limit=20")).status, 200);
    const other = "192.0.2.9";
    assert.equal((await read("?limit=1000", other)).status, 200);
    assert.equal((await read("?limit=1000", other)).status, 200);
    await problem(await read("?limit=1000", other), 429, "too-many-requests");
  },
  { limits: { addressRate: { perSecond: 0.001, burst: 600 } } },
);
