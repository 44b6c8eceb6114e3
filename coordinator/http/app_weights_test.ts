import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  acquire,
  problem,
  swarmTest,
  type TestSwarm,
  testSwarm,
} from "../../testing/app_fixture.ts";
import { Sha256 } from "../../protocol/ids.ts";
import { CompleteResponse, type Lease } from "../../protocol/lease.ts";
import {
  smallStudy,
  tinyManifest,
  trained,
} from "../../testing/lease/fixtures.ts";
import { memoryWeights } from "../storage/weights_store.ts";

const BYTES = 4 * (5 * 256 + 257 * 256 + 257 * 10);
const sum = (bytes: Uint8Array) =>
  Sha256.parse(createHash("sha256").update(bytes).digest("hex"));

const test = (
  name: string,
  body: Parameters<typeof swarmTest>[1],
  options: Parameters<typeof swarmTest>[2] = {},
) =>
  swarmTest(name, body, {
    dataset: tinyManifest,
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
    ...options,
  });

function put(
  swarm: TestSwarm,
  token: string,
  { leaseId, attempt }: Pick<Lease, "leaseId" | "attempt">,
  body: BodyInit,
  headers: Record<string, string> = {},
  peer?: string,
): Promise<Response> {
  return swarm.call(
    "PUT",
    `/api/leases/${leaseId}/weights?attempt=${attempt}`,
    {
      token,
      body,
      headers: { "content-type": "application/octet-stream", ...headers },
      ...peer === undefined ? {} : { peer },
    },
  );
}

function complete(
  swarm: TestSwarm,
  token: string,
  { leaseId, attempt }: Lease,
  weights?: Sha256,
): Promise<Response> {
  return swarm.call("POST", `/api/leases/${leaseId}/complete`, {
    token,
    json: {
      attempt,
      result: trained(),
      ...weights === undefined ? {} : { weights },
    },
  });
}

test("PUT weights, then the result: received, then accepted", async (swarm) => {
  const token = await swarm.join();
  const lease = await acquire(swarm, token);
  assert.equal(lease.weightsBytes, BYTES);
  const bytes = new Uint8Array(BYTES).fill(7);
  for (const _ of ["once", "and again"]) {
    const uploaded = await put(swarm, token, lease, bytes);
    assert.equal(uploaded.status, 204);
  }
  const first = await complete(swarm, token, lease, sum(bytes));
  assert.equal(first.status, 200);
  const { verdict } = CompleteResponse.parse(await first.json());
  assert.equal(verdict, "pending");
  await swarm.coordinator.verified();
  const again = await complete(swarm, token, lease, sum(bytes));
  assert.equal(
    CompleteResponse.parse(await again.json()).verdict,
    "accepted",
  );
});

test("POST complete: asks for missing weights of a trained result instead of refusing it", async (swarm) => {
  const token = await swarm.join();
  const lease = await acquire(swarm, token);
  await problem(await complete(swarm, token, lease), 409, "missing-weights");
  const bytes = new Uint8Array(BYTES);
  await put(swarm, token, lease, bytes);
  const other = sum(Uint8Array.of(1));
  await problem(
    await complete(swarm, token, lease, other),
    409,
    "missing-weights",
  );
  const answer = await complete(swarm, token, lease, sum(bytes));
  assert.equal(answer.status, 200);
});

test("PUT weights: refuses a wrong length, with any header", async (swarm) => {
  const token = await swarm.join();
  const lease = await acquire(swarm, token);
  for (const length of [0, 1, BYTES - 4, BYTES + 1]) {
    await problem(
      await put(swarm, token, lease, new Uint8Array(length)),
      422,
      "rejected-weights",
    );
  }
  await problem(
    await put(swarm, token, lease, new Uint8Array(BYTES), {
      "content-length": "3",
    }),
    422,
    "rejected-weights",
  );
  // An endless body is refused at the first byte beyond the limit.
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
    cancel() {
      cancelled = true;
    },
  });
  await problem(
    await put(swarm, token, lease, endless),
    422,
    "rejected-weights",
  );
  assert.ok(cancelled && sent < BYTES + 4 * 65_536, `${sent} bytes`);
  // None of these ended the lease.
  const fine = await put(swarm, token, lease, new Uint8Array(BYTES));
  assert.equal(fine.status, 204);
});

test("PUT weights: a new upload for a lease ends the one before", async (swarm) => {
  const token = await swarm.join();
  const lease = await acquire(swarm, token);
  const stuck = put(swarm, token, lease, new ReadableStream());
  const again = await put(swarm, token, lease, new Uint8Array(BYTES));
  assert.equal(again.status, 204);
  await problem(await stuck, 408, "body-too-slow");
});

test("PUT weights: only for the worker's own lease and attempt", async (swarm) => {
  const token = await swarm.join();
  const stranger = await swarm.join();
  const lease = await acquire(swarm, token);
  const bytes = new Uint8Array(BYTES);
  await problem(await put(swarm, stranger, lease, bytes), 409, "stale-lease");
  await problem(
    await put(swarm, token, { ...lease, attempt: 2 }, bytes),
    409,
    "stale-lease",
  );
  await problem(
    await put(swarm, "not.atoken", lease, bytes),
    401,
    "unauthorized",
  );
});

test(
  "PUT weights: refused if the coordinator does not verify",
  async (swarm) => {
    const token = await swarm.join();
    const lease = await acquire(swarm, token);
    assert.equal(lease.weightsBytes, null);
    await problem(
      await put(swarm, token, lease, new Uint8Array(BYTES)),
      422,
      "rejected-weights",
    );
    const answer = await complete(swarm, token, lease);
    assert.equal(
      CompleteResponse.parse(await answer.json()).verdict,
      "accepted",
    );
  },
  { verification: () => undefined },
);

/** A verifier that is busy for the whole test. */
const busy = {
  evaluate: () => new Promise<never>(() => {}),
  repeat: () => new Promise<never>(() => {}),
  trainsOn: () => new Promise<never>(() => {}),
  close: () => {},
};

test(
  "PUT weights: weights without results are dropped for new ones",
  async (swarm) => {
    const token = await swarm.join({ threads: 3 });
    const [late, waits, third] = [
      await acquire(swarm, token),
      await acquire(swarm, token),
      await acquire(swarm, token),
    ];
    const bytes = new Uint8Array(BYTES);
    // This machine has no share of the space.
    const here = (lease: Lease) =>
      put(swarm, token, lease, bytes, {}, "127.0.0.1");
    await here(late);
    await here(waits);
    await complete(swarm, token, waits, sum(bytes));
    const full = await here(third);
    await problem(full, 503, "unavailable");
    assert.equal(full.headers.get("retry-after"), "5");
    swarm.clock.advance(60_000);
    assert.equal((await here(third)).status, 204);
    // The late worker must upload again; the one that had delivered need not.
    await problem(
      await complete(swarm, token, late, sum(bytes)),
      409,
      "missing-weights",
    );
    assert.equal(
      (await complete(swarm, token, waits, sum(bytes))).status,
      200,
    );
  },
  {
    verification: (clock) => ({
      weights: memoryWeights(clock.now),
      mostWeights: 2 * BYTES,
      verifier: busy,
    }),
  },
);

test(
  "PUT weights: an address leaves space for the others",
  async (swarm) => {
    const bytes = new Uint8Array(BYTES);
    const uploadAt = async (peer: string) => {
      const token = await swarm.join();
      const lease = await acquire(swarm, token);
      return await put(swarm, token, lease, bytes, {}, peer);
    };
    assert.equal((await uploadAt("192.0.2.1")).status, 204);
    assert.equal((await uploadAt("192.0.2.1")).status, 204);
    await problem(await uploadAt("192.0.2.1"), 503, "unavailable");
    assert.equal((await uploadAt("192.0.2.2")).status, 204);
    assert.deepEqual(
      swarm.logged.filter((l) => l.level === "error"),
      [],
    );
  },
  {
    study: smallStudy({ replicates: 9 }),
    verification: (clock) => ({
      weights: memoryWeights(clock.now),
      mostWeights: 5 * BYTES,
      verifier: busy,
    }),
  },
);

Deno.test("createApp: weights are deleted as soon as nobody will verify them", async () => {
  const stores: ReturnType<typeof memoryWeights>[] = [];
  const swarm = await testSwarm({
    dataset: tinyManifest,
    study: smallStudy({ replicates: 9 }),
    verification: (clock) => {
      const weights = memoryWeights(clock.now);
      stores.push(weights);
      return { weights, verifier: busy };
    },
  });
  try {
    const [store] = stores;
    const bytes = new Uint8Array(BYTES);
    const ends: Record<
      string,
      (token: string, lease: Lease) => Promise<unknown>
    > = {
      released: (token, { leaseId, attempt }) =>
        swarm.call("POST", `/api/leases/${leaseId}/release`, {
          token,
          json: { attempt, reason: "leaving" },
        }),
      failed: (token, { leaseId, attempt }) =>
        swarm.call("POST", `/api/leases/${leaseId}/release`, {
          token,
          json: { attempt, reason: "failed" },
        }),
      left: (token) => swarm.call("DELETE", "/api/workers/me", { token }),
      refused: (token, { leaseId, attempt }) =>
        swarm.call("POST", `/api/leases/${leaseId}/complete`, {
          token,
          json: { attempt, result: { ...trained(), epochs: [] } },
        }),
      expired: () => {
        swarm.clock.advance(600_000);
        return swarm.coordinator.sweep();
      },
    };
    for (const [how, end] of Object.entries(ends)) {
      const token = await swarm.join();
      const lease = await acquire(swarm, token);
      await put(swarm, token, lease, bytes);
      assert.equal(await store?.bytes(), BYTES, how);
      await end(token, lease);
      assert.equal(await store?.bytes(), 0, how);
    }
    // Those of a result that waits for its verdict stay.
    const token = await swarm.join();
    const lease = await acquire(swarm, token);
    await put(swarm, token, lease, bytes);
    await complete(swarm, token, lease, sum(bytes));
    await ends.left?.(token, lease);
    assert.equal(await store?.bytes(), BYTES);
  } finally {
    await swarm.close();
  }
});
