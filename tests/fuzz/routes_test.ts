import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import {
  acquire,
  type TestSwarm,
  testSwarm,
} from "../../testing/app_fixture.ts";
import { Problem } from "../../protocol/problem.ts";
import { RegisterResponse } from "../../protocol/lease.ts";
import { manifest, smallStudy } from "../../testing/lease/fixtures.ts";
import { memoryWeights } from "../../coordinator/storage/weights_store.ts";
import { type FuzzRequest, fuzzRequest } from "./requests.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/**
 * Every route with requests made from its schema, spoiled in many ways. More
 * of them: `SWARM_FUZZ=200000 deno task test tests/fuzz`; another seed:
 * `SWARM_FUZZ_SEED=7`.
 */
const RUNS = Number(Deno.env.get("SWARM_FUZZ") || 3000);
// A seed that produces every kind of answer, even the rarest.
const SEED = Number(Deno.env.get("SWARM_FUZZ_SEED") || 6);

/** Bytes of JavaScript's heap that the last half of the requests may add. */
const MOST_GROWTH = 40e6;

/** Ten images of four pixels: the network's weights are some 300 kB. */
const dataset = {
  ...manifest,
  files: {
    ...manifest.files,
    testImages: { ...manifest.files.testImages, bytes: 16 + 10 * 4 },
    testLabels: { ...manifest.files.testLabels, bytes: 8 + 10 },
  },
};

/** A swarm with running leases, and its ids. */
async function crowdedSwarm() {
  const swarm = await testSwarm({
    study: smallStudy({ replicates: 20 }),
    dataset,
    // Weights are received for real; what is in them is another test's.
    verification: (clock) => ({
      weights: memoryWeights(clock.now),
      verifier: {
        evaluate: () => Promise.resolve({ testLoss: 0.6, testAccuracy: 0.75 }),
        repeat: () =>
          Promise.resolve({ outcome: "trained", epochs: [], weights: null }),
        trainsOn: () =>
          Promise.resolve({ backend: "simd", backendDetail: null }),
        close: () => {},
      },
    }),
    limits: {
      guessRate: { perSecond: 1e9, burst: 1e9 },
      workerRate: { perSecond: 1e9, burst: 1e9 },
      addressRate: { perSecond: 1e9, burst: 1e9 },
      registrationRate: { perSecond: 1e9, burst: 1e9 },
    },
    maxStreams: 1e6,
  });
  const leaseIds: string[] = [];
  let weightsBytes = 0;
  const workerIds: string[] = [];
  let token = "";
  for (let n = 0; n < 4; n++) {
    const response = await swarm.call("POST", "/api/workers", {
      json: { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads: 8 },
      peer: "127.0.0.1",
    });
    const worker = RegisterResponse.parse(await response.json());
    // The first worker stays; requests with the admin token may remove the
    // others.
    if (n === 0) token = worker.token;
    else workerIds.push(worker.workerId);
    for (let lease = 0; lease < 4; lease++) {
      const leased = await acquire(swarm, worker.token);
      leaseIds.push(leased.leaseId);
      weightsBytes = leased.weightsBytes ?? 0;
    }
  }
  const { trials } = await swarm.coordinator.trials(
    (await swarm.coordinator.studies()).studies[0]!.id,
    { limit: 5, offset: 0 },
  ) ?? { trials: [] };
  const targets = {
    studyIds: ["seed", "other"],
    trialIds: trials.map(({ trialId }) => trialId),
    leaseIds,
    workerIds: [...workerIds, "me"],
    weightsBytes,
  };
  return { swarm, token, targets };
}

async function send(
  { app, adminToken }: TestSwarm,
  workerToken: string,
  { method, path, headers, body, as }: FuzzRequest,
): Promise<Response> {
  const tokens = {
    nobody: null,
    worker: workerToken,
    admin: adminToken,
    garbage: `${adminToken}\u00e9 ${workerToken}`,
  };
  const token = tokens[as];
  const bodyless = method === "GET" || method === "HEAD";
  let request: Request;
  try {
    request = new Request(`http://localhost${path}`, {
      method,
      headers: {
        ...headers,
        ...token === null ? {} : { authorization: `Bearer ${token}` },
      },
      body: bodyless ? null : body,
    });
  } catch {
    // No client can send it; a server never sees it.
    return new Response(null, { status: 400 });
  }
  return await app.fetch(request, { peer: "127.0.0.1" });
}

Deno.test(`createApp answers ${RUNS} fuzzed requests without an internal error`, async () => {
  const { swarm, token, targets } = await crowdedSwarm();
  const statuses = new Map<number, number>();
  let count = 0;
  let heapAtHalf = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fuzzRequest(targets), async (request) => {
        const response = await send(swarm, token, request);
        const { status } = response;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (++count === Math.floor(RUNS / 2)) heapAtHalf = heap();
        const events = response.headers.get("content-type")
          ?.startsWith("text/event-stream");
        if (events) return void await response.body?.cancel();
        const text = await response.text();
        assert.ok(status < 500, `${status}: ${text}`);
        assert.ok(!swarm.logged.some((l) => l.level === "error"), text);
        if (status >= 400 && text !== "") Problem.parse(JSON.parse(text));
        assert.equal(response.headers.get("x-content-type-options"), "nosniff");
        assert.match(
          response.headers.get("content-security-policy") ?? "",
          /^default-src 'none';/,
        );
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    // All kinds of answers occurred, and the coordinator still works.
    for (const status of [200, 201, 204, 400, 401, 404, 409, 413, 422]) {
      assert.ok((statuses.get(status) ?? 0) > 0, `no answer was ${status}`);
    }
    const health = await swarm.call("GET", "/healthz");
    assert.equal(health.status, 200);
    assert.ok(heap() - heapAtHalf < MOST_GROWTH, `${heap() - heapAtHalf} B`);
    if (RUNS !== 3000) {
      const growth = (heap() - heapAtHalf) / 1e6;
      console.log([...statuses].sort().join(" "), `${growth.toFixed(1)} MB`);
    }
  } finally {
    swarm.hub.close();
    await swarm.close();
  }
});

/** Bytes in use; exact where the tests run with --v8-flags=--expose-gc. */
function heap(): number {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect === "function") collect();
  return Deno.memoryUsage().heapUsed;
}
