import assert from "node:assert/strict";
import { listen } from "../../coordinator/http/server.ts";
import type { Limits } from "../../coordinator/http/limits/rates.ts";
import { planStudy } from "../../coordinator/study/plan.ts";
import { memoryWeights } from "../../coordinator/storage/weights_store.ts";
import { type TestSwarm, testSwarm } from "../../testing/app_fixture.ts";
import { tinyManifest } from "../../testing/lease/fixtures.ts";
import { LeaseId } from "../../protocol/ids.ts";
import { StudyDefinition } from "../../protocol/study.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/**
 * Attacks on a coordinator over HTTP, as an outside client carried them out:
 * real connections, requests written by hand, and a proxy that names the
 * addresses. Each once kept honest volunteers or the operator out.
 * `tests/descriptors_test.ts` has those on file descriptors.
 *
 * The coordinator's clock stands still, so no limit recovers meanwhile and no
 * test depends on the machine's speed.
 */

const ATTACKER = "198.51.100.1";
const HONEST = "203.0.113.1";

/** The attacked coordinator, which verifies nothing until it is told to. */
interface Target {
  readonly swarm: TestSwarm;
  readonly port: number;
  /** Connections that are left open. */
  readonly held: Deno.Conn[];
}

function attack(
  name: string,
  options: {
    readonly limits?: Partial<Limits>;
    readonly mostWeights?: number;
    readonly hidden?: number;
  },
  body: (target: Target) => Promise<void>,
): void {
  Deno.test(`attack: ${name}`, async () => {
    const { limits = {}, mostWeights, hidden = 8 } = options;
    const forever = () => new Promise<never>(() => {});
    const { definition, trials } = planStudy(StudyDefinition.parse({
      id: "target",
      title: { en: "Target" },
      searchSpace: { points: [{ dropout1: 0.2, dropout2: 0.5 }] },
      replicates: 300,
      recipe: { hiddenSizes: [hidden, hidden] },
    }));
    const swarm = await testSwarm({
      study: { definition, trials: [...trials] },
      dataset: tinyManifest,
      trustProxy: ["loopback"],
      limits,
      verification: (clock) => ({
        weights: memoryWeights(clock.now),
        ...mostWeights === undefined ? {} : { mostWeights },
        verifier: {
          evaluate: forever,
          repeat: forever,
          trainsOn: forever,
          close: () => {},
        },
      }),
    });
    const server = listen(
      "127.0.0.1",
      0,
      async (request, { remoteAddr }) =>
        await swarm.app.fetch(request, { peer: remoteAddr.hostname }),
    );
    const port = Number(new URL(server.url).port);
    const held: Deno.Conn[] = [];
    try {
      await body({ swarm, port, held });
    } finally {
      for (const connection of held) close(connection);
      await server.shutdown();
      await swarm.close();
    }
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What a program in another language would see.
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

interface Sent {
  readonly from: string;
  readonly token?: string;
  readonly json?: unknown;
  readonly body?: BodyInit;
}

async function call(
  { port }: Target,
  method: string,
  path: string,
  { from, token, json, body }: Sent,
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: {
      "x-forwarded-for": from,
      "content-type": json === undefined
        ? "application/octet-stream"
        : "application/json",
      ...token === undefined ? {} : { authorization: `Bearer ${token}` },
    },
    body: json === undefined ? body ?? null : JSON.stringify(json),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: text === "" ? null : JSON.parse(text),
  };
}

async function join(target: Target, from: string, threads = 1) {
  const { status, json } = await call(target, "POST", "/api/workers", {
    from,
    json: { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads },
  });
  assert.equal(status, 201);
  return json.token as string;
}

const acquire = (target: Target, from: string, token: string) =>
  call(target, "POST", "/api/leases", {
    from,
    token,
    json: { backend: "simd", stepMilliseconds: 10 },
  });

const upload = (target: Target, from: string, token: string, lease: Answer) =>
  call(
    target,
    "PUT",
    `/api/leases/${lease.json.leaseId}/weights?attempt=${lease.json.attempt}`,
    { from, token, body: new Uint8Array(lease.json.weightsBytes) },
  );

/** Milliseconds for an answer that never comes where the attack succeeds. */
const PATIENCE = 20_000;

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

/**
 * Sends the beginning of a request and leaves the connection open. Returns a
 * function for the first bytes of the answer; "" if none comes.
 */
async function begin(
  { port, held }: Target,
  head: readonly string[],
): Promise<() => Promise<string>> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  held.push(connection);
  const text = [...head, "Host: target", "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(text));
  return async () => {
    const timer = setTimeout(() => close(connection), PATIENCE);
    const bytes = new Uint8Array(1000);
    const length = await connection.read(bytes).catch(() => null) ?? 0;
    clearTimeout(timer);
    return new TextDecoder().decode(bytes.subarray(0, length));
  };
}

/** Begins an upload, of which nothing follows. */
const beginUpload = (
  target: Target,
  from: string,
  token: string,
  { json }: Answer,
) =>
  begin(target, [
    `PUT /api/leases/${json.leaseId}/weights?attempt=1 HTTP/1.1`,
    `X-Forwarded-For: ${from}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/octet-stream",
    `Content-Length: ${json.weightsBytes}`,
  ]);

attack(
  "uploads that are announced and never sent do not take the others' memory",
  // Weights of 10 MB: 55 uploads announce more than all may send at once.
  { hidden: 1600 },
  async (target) => {
    for (let n = 0; n < 55; n++) {
      // As many as an address could announce.
      const from = `198.51.100.${Math.floor(n / 11)}`;
      const token = await join(target, from);
      const lease = await acquire(target, from, token);
      await beginUpload(target, from, token, lease);
    }
    for (let n = 0; n < 5; n++) await join(target, HONEST);
    const token = await join(target, HONEST);
    const lease = await acquire(target, HONEST, token);
    assert.equal((await upload(target, HONEST, token, lease)).status, 204);
  },
);

attack(
  "a lease holds one upload, however many begin",
  {},
  async (target) => {
    const token = await join(target, ATTACKER);
    const lease = await acquire(target, ATTACKER, token);
    const answers = [];
    for (let n = 0; n < 9; n++) {
      answers.push(await beginUpload(target, ATTACKER, token, lease));
    }
    const ended = answers.slice(0, 8).map((answer) => answer());
    for (const text of await Promise.all(ended)) {
      assert.match(text, /^HTTP\/1\.1 408 /);
    }
  },
);

attack(
  "an upload that does not arrive is ended, however large it will be",
  { hidden: 1600, limits: { bodySeconds: 0.2 } },
  async (target) => {
    const token = await join(target, ATTACKER);
    const lease = await acquire(target, ATTACKER, token);
    const answer = await beginUpload(target, ATTACKER, token, lease);
    assert.match(await answer(), /^HTTP\/1\.1 408 /);
  },
);

/** Bytes of the target's weights. */
const WEIGHTS = 4 * (5 * 8 + 9 * 8 + 9 * 10);

attack(
  "leasing, uploading and releasing again and again leaves the store as it was",
  { mostWeights: 20 * WEIGHTS },
  async (target) => {
    const token = await join(target, ATTACKER);
    for (let n = 0; n < 72; n++) {
      const lease = await acquire(target, ATTACKER, token);
      assert.equal(lease.status, 200);
      await upload(target, ATTACKER, token, lease);
      await call(
        target,
        "POST",
        `/api/leases/${lease.json.leaseId}/release`,
        {
          from: ATTACKER,
          token,
          json: { attempt: lease.json.attempt, reason: "leaving" },
        },
      );
    }
    const honest = await join(target, HONEST);
    const lease = await acquire(target, HONEST, honest);
    assert.equal((await upload(target, HONEST, honest, lease)).status, 204);
  },
);

attack(
  "uploads whose leases are kept leave space for others",
  { mostWeights: 20 * WEIGHTS },
  async (target) => {
    const token = await join(target, ATTACKER, 72);
    const statuses: number[] = [];
    for (let n = 0; n < 72; n++) {
      const lease = await acquire(target, ATTACKER, token);
      const { status } = await upload(target, ATTACKER, token, lease);
      statuses.push(status);
    }
    // A third of the space.
    assert.equal(statuses.filter((status) => status === 204).length, 6);
    for (let n = 0; n < 4; n++) {
      const honest = await join(target, HONEST);
      const lease = await acquire(target, HONEST, honest);
      assert.equal((await upload(target, HONEST, honest, lease)).status, 204);
    }
  },
);

attack(
  "wrong admin tokens do not keep the right one out",
  {},
  async (target) => {
    const stop = (token: string) =>
      call(target, "POST", "/api/studies/target/stop", {
        from: ATTACKER,
        token,
      });
    const statuses = new Set<number>();
    for (let n = 0; n < 150; n++) {
      statuses.add((await stop(`admin.${n}`)).status);
    }
    assert.deepEqual([...statuses], [401, 429]);
    assert.equal((await stop(target.swarm.adminToken)).status, 200);
  },
);

attack(
  "JSON that is long, nested or full of names is refused before it is parsed",
  {},
  async (target) => {
    const token = await join(target, ATTACKER);
    const { json } = await acquire(target, ATTACKER, token);
    const send = (path: string, body: string) =>
      fetch(`http://127.0.0.1:${target.port}${path}`, {
        method: "POST",
        headers: {
          "x-forwarded-for": ATTACKER,
          "content-type": "application/json",
          "authorization": `Bearer ${token}`,
        },
        body,
      }).then(async (response) => ({
        status: response.status,
        detail: String((await response.json()).detail),
      }));
    const MEGABYTE = 1 << 20;
    const nested = (bytes: number) =>
      "[".repeat(bytes / 2) + "]".repeat(bytes / 2);
    const named = `{${
      Array.from({ length: 20_000 }, (_, n) => `"k${n}":0`).join()
    }}`;
    for (const path of ["/api/workers", "/api/leases"]) {
      assert.equal((await send(path, nested(MEGABYTE))).status, 413);
      assert.equal((await send(path, nested(8000))).status, 413);
    }
    const report = `/api/leases/${json.leaseId}/report`;
    assert.equal((await send(report, nested(MEGABYTE))).status, 413);
    for (const body of [nested(300_000), named]) {
      const { status, detail } = await send(report, body);
      assert.equal(status, 400);
      assert.match(detail, /^the body is refused/);
    }
  },
);

attack(
  "an address reads deep into the list of trials a few times, not hundreds",
  {},
  async (target) => {
    const statuses: number[] = [];
    for (let n = 0; n < 200; n++) {
      const { status } = await call(
        target,
        "GET",
        `/api/studies/target/trials?limit=1&offset=${1_000_000 + n}`,
        { from: ATTACKER },
      );
      statuses.push(status);
    }
    assert.equal(statuses.filter((status) => status === 200).length, 9);
    const page = "/api/studies/target/trials?limit=20";
    const honest = await call(target, "GET", page, { from: HONEST });
    assert.equal(honest.status, 200);
  },
);

attack(
  "a worker that says that every trial diverges fills no queue and is not repaid",
  { limits: { vainLeaseRate: { perSecond: 1e-6, burst: 100 } } },
  async (target) => {
    const { swarm } = target;
    const token = await join(target, ATTACKER, 8);
    const claimed: string[] = [];
    const lie = async () => {
      const lease = await acquire(target, ATTACKER, token);
      if (lease.status !== 200) {
        return lease.headers.get("swarm-reason") ?? lease.status;
      }
      const { status } = await call(
        target,
        "POST",
        `/api/leases/${lease.json.leaseId}/complete`,
        {
          from: ATTACKER,
          token,
          json: {
            attempt: lease.json.attempt,
            result: {
              outcome: "diverged",
              divergedAtEpoch: 1,
              epochs: [],
              backend: "simd",
              seconds: 1,
            },
          },
        },
      );
      assert.equal(status, 200);
      claimed.push(lease.json.leaseId);
      return 200;
    };
    for (let n = 0; n < 202; n++) await lie();
    // Four for each thread.
    assert.equal(claimed.length, 32);
    assert.equal(await lie(), "verdicts-pending");
    // Each is refused, and then another one told, until the address has used up
    // what it may lease in vain.
    let last: unknown = 200;
    for (let n = 0; n < 202 && last === 200; n++) {
      await swarm.coordinator.settle(LeaseId.parse(claimed[n]), {
        type: "false",
        problems: ["the training was repeated and came to another result"],
      });
      last = await lie();
    }
    assert.equal(last, 429);
    assert.equal(claimed.length, 100);
    // Others are leased trials, and train.
    const honest = await join(target, HONEST);
    assert.equal((await acquire(target, HONEST, honest)).status, 200);
  },
);
