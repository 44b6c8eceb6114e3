import assert from "node:assert/strict";
import {
  acquire,
  leaseRequest,
  problem,
  swarmTest as test,
  type TestSwarm,
} from "../../testing/app_fixture.ts";
import { Lease } from "../../protocol/lease.ts";
import { trained, uuid } from "../../testing/lease/fixtures.ts";
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
  "a delivered result returns its lease to the address's budget once",
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

test(
  "the bytes of bodies being received are limited",
  async (swarm) => {
    const register = (
      from: string,
      body: BodyInit,
      headers: Record<string, string> = {},
    ) =>
      swarm.call("POST", "/api/workers", {
        peer: from,
        body,
        headers: { "content-type": "application/json", ...headers },
      });
    let close = () => {};
    const slow = register(
      peer,
      new ReadableStream({
        start: (controller) => close = () => controller.close(),
      }),
    );
    const short =
      `{"protocolVersion":${PROTOCOL_VERSION},"kind":"deno","threads":1}`;
    const told = { "content-length": String(short.length) };
    const refused = await register(peer, short, told);
    await problem(refused, 503, "unavailable");
    assert.equal(refused.headers.get("retry-after"), "5");
    assert.equal((await register("192.0.2.2", short, told)).status, 201);
    // This machine's own workers never have to wait.
    assert.equal((await register("127.0.0.1", short, told)).status, 201);
    close();
    await problem(await slow, 400, "invalid-request");
    assert.equal((await register(peer, short, told)).status, 201);
  },
  { limits: { bodyBytes: 1000, receiving: 2000, receivingPerAddress: 1000 } },
);
