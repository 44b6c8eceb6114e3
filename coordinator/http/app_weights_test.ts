import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  acquire,
  problem,
  swarmTest,
  type TestSwarm,
} from "../../testing/app_fixture.ts";
import { Sha256 } from "../../protocol/ids.ts";
import { CompleteResponse, type Lease } from "../../protocol/lease.ts";
import { manifest, trained } from "../../testing/lease/fixtures.ts";
import { memoryWeights } from "../storage/weights_store.ts";

const images = { ...manifest.files.testImages, bytes: 16 + 10 * 4 };
const labels = { ...manifest.files.testLabels, bytes: 8 + 10 };
/** Ten images of four pixels. */
const dataset = {
  ...manifest,
  files: { ...manifest.files, testImages: images, testLabels: labels },
};
const BYTES = 4 * (5 * 256 + 257 * 256 + 257 * 10);
const sum = (bytes: Uint8Array) =>
  Sha256.parse(createHash("sha256").update(bytes).digest("hex"));

const test = (
  name: string,
  body: Parameters<typeof swarmTest>[1],
  options: Parameters<typeof swarmTest>[2] = {},
) =>
  swarmTest(name, body, {
    dataset,
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
): Promise<Response> {
  return swarm.call(
    "PUT",
    `/api/leases/${leaseId}/weights?attempt=${attempt}`,
    {
      token,
      body,
      headers: { "content-type": "application/octet-stream", ...headers },
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
    await put(swarm, token, late, bytes);
    await put(swarm, token, waits, bytes);
    await complete(swarm, token, waits, sum(bytes));
    const full = await put(swarm, token, third, bytes);
    await problem(full, 503, "unavailable");
    swarm.clock.advance(60_000);
    assert.equal((await put(swarm, token, third, bytes)).status, 204);
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
      verifier: {
        // Busy for the whole test.
        evaluate: () => new Promise(() => {}),
        repeat: () => new Promise(() => {}),
        trainsOn: () => new Promise(() => {}),
        close: () => {},
      },
    }),
  },
);
