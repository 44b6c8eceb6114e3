import assert from "node:assert/strict";
import {
  acquire,
  leaseRequest,
  problem,
  swarmTest as test,
} from "../../testing/app_fixture.ts";
import {
  CompleteResponse,
  Lease,
  RegisterResponse,
  RenewResponse,
} from "../../protocol/lease.ts";
import { StudyId, WorkerId } from "../../protocol/ids.ts";
import { StudyDetail, TrialView } from "../../protocol/views.ts";
import {
  epochMetrics,
  manifest,
  newWorker,
  trained,
  uuid,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { formatToken, hashSecret } from "../service/token.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

test("POST /api/workers: registers with a name, a token and the data", async (swarm) => {
  const response = await swarm.call("POST", "/api/workers", {
    json: {
      protocolVersion: PROTOCOL_VERSION,
      kind: "browser",
      threads: 4,
      name: " Ada ",
    },
  });
  assert.equal(response.status, 201);
  const worker = RegisterResponse.parse(await response.json());
  assert.equal(worker.name, "Ada");
  assert.equal(worker.heartbeatSeconds, 20);
  assert.deepEqual(worker.dataset, manifest);
  assert.match(worker.token, /^[0-9a-f-]{36}\.[0-9a-f]{64}$/);
  assert.equal(response.headers.get("cache-control"), "no-store");
});

test("POST /api/workers: generates a name for a worker without one", async (swarm) => {
  const response = await swarm.call("POST", "/api/workers", {
    json: { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads: 1 },
  });
  assert.match((await response.json()).name, /^[a-z]+-[a-z]+$/);
});

test("POST /api/workers: the token's secret is not stored", async (swarm) => {
  const token = await swarm.join();
  const [, secret = ""] = token.split(".");
  const stored = JSON.stringify(await swarm.storage.workers(10));
  assert.ok(secret.length === 64 && !stored.includes(secret));
  assert.ok(!JSON.stringify(swarm.logged).includes(secret));
});

test("POST /api/workers: a request repeated with its secret gets the same worker, even at the same time", async (swarm) => {
  const register = async (digit: string | undefined, more = {}) => {
    const response = await swarm.call("POST", "/api/workers", {
      json: {
        protocolVersion: PROTOCOL_VERSION,
        kind: "deno",
        threads: 1,
        ...digit !== undefined && { secret: digit.repeat(64) },
        ...more,
      },
    });
    assert.equal(response.status, 201);
    return RegisterResponse.parse(await response.json());
  };
  const [first, ...others] = await Promise.all([
    register("a"),
    register("a"),
    register("a"),
  ]);
  assert.ok(first !== undefined);
  for (const other of [...others, await register("a", { name: "Eve" })]) {
    assert.deepEqual(other, first);
  }
  assert.equal(await swarm.storage.countWorkers(), 1);
  const said = swarm.logged.filter(({ message }) => /registered/.test(message));
  assert.equal(said.length, 1);
  await acquire(swarm, first.token);

  // Another secret, or none, is another worker.
  const ids = [
    first,
    await register("b"),
    await register(undefined),
    await register(undefined),
  ].map(({ workerId }) => workerId);
  assert.equal(new Set(ids).size, 4);
  assert.equal(await swarm.storage.countWorkers(), 4);
});

test("POST /api/workers: a removed worker's secret brings back no other", async (swarm) => {
  const secret = "c".repeat(64);
  const token = await swarm.join({ secret });
  await swarm.storage.removeWorker(WorkerId.parse(token.split(".")[0]));
  assert.equal(await swarm.join({ secret }), token);
  const response = await swarm.call("POST", "/api/leases", {
    token,
    json: leaseRequest,
  });
  await problem(response, 403, "removed");
});

test("POST /api/workers: tells another version to update, even if its body is invalid", async (swarm) => {
  const response = await swarm.call("POST", "/api/workers", {
    json: { protocolVersion: PROTOCOL_VERSION + 1, someday: { new: "shape" } },
  });
  const { detail } = await problem(response, 426, "protocol-version");
  assert.match(
    detail,
    new RegExp(
      `version ${PROTOCOL_VERSION + 1} .* ` +
        `coordinator ${PROTOCOL_VERSION}; use the same release`,
    ),
  );
});

test("POST /api/workers: names each error with its field", async (swarm) => {
  const response = await swarm.call("POST", "/api/workers", {
    json: {
      protocolVersion: PROTOCOL_VERSION,
      kind: "toaster",
      threads: 0,
      colour: "red",
    },
  });
  const { detail, errors } = await problem(response, 400, "invalid-request");
  assert.match(detail, /json\.kind/);
  const paths = errors?.map(({ path }) => path);
  assert.deepEqual(paths?.slice(0, 2), ["json.kind", "json.threads"]);
  assert.equal(paths?.length, 3);
});

test("workers' calls need a valid token", async (swarm) => {
  const token = await swarm.join();
  const [id = "", secret = ""] = token.split(".");
  const wrong = [
    undefined,
    "nonsense",
    id,
    `${id}.${"0".repeat(64)}`,
    `${uuid(999)}.${secret}`,
    `${token}.more`,
  ];
  const calls: [string, string][] = [
    ["DELETE", "/api/workers/me"],
    ["POST", "/api/leases"],
    ["POST", `/api/leases/${uuid(1)}/renew`],
    ["POST", `/api/leases/${uuid(1)}/report`],
    ["POST", `/api/leases/${uuid(1)}/complete`],
    ["POST", `/api/leases/${uuid(1)}/release`],
  ];
  for (const [method, path] of calls) {
    for (const bad of wrong) {
      const response = await swarm.call(
        method,
        path,
        bad === undefined ? {} : { token: bad },
      );
      await problem(response, 401, "unauthorized");
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
    }
  }
  const basic = await swarm.call("DELETE", "/api/workers/me", {
    headers: { authorization: `Basic ${token}` },
  });
  await problem(basic, 401, "unauthorized");
});

test("POST /api/leases: leases a trial with everything needed to train it", async (swarm) => {
  const token = await swarm.join();
  const lease = await acquire(swarm, token);
  assert.equal(lease.attempt, 1);
  assert.equal(lease.trial.replicate, 0);
  assert.deepEqual(lease.dataset, manifest);
  // 3 epochs of 235 steps of 10 ms are 7 s, so it is the shortest lease.
  assert.equal(lease.ttlSeconds, 60);
  assert.equal(Date.parse(lease.expiresAt), swarm.clock.now() + 60_000);
});

test("POST /api/leases: a slower worker gets a longer lease, within bounds", async (swarm) => {
  const ttl = async (stepMilliseconds?: number) => {
    const token = await swarm.join();
    const response = await swarm.call("POST", "/api/leases", {
      token,
      json: { backend: "cpu", stepMilliseconds },
    });
    return Lease.parse(await response.json()).ttlSeconds;
  };
  assert.equal(await ttl(200), 141);
  assert.equal(await ttl(3_600_000), 600);
  assert.equal(await ttl(), 120);
});

test("POST /api/leases: 204 with the reason and the time of the next request", async (swarm) => {
  const token = await swarm.join({ threads: 4 });
  const ask = async (by = token) => {
    const response = await swarm.call("POST", "/api/leases", {
      token: by,
      json: leaseRequest,
    });
    assert.equal(response.status, 204);
    assert.equal(await response.text(), "");
    const wait = Number(response.headers.get("retry-after"));
    assert.ok(Number.isInteger(wait) && wait >= 1);
    return response.headers.get("swarm-reason");
  };
  const leases = [];
  for (let n = 0; n < 4; n++) leases.push(await acquire(swarm, token));
  assert.equal(await ask(), "enough-leases");
  const other = await swarm.join();
  assert.equal(await ask(other), "all-leased");
  for (const { leaseId } of leases) {
    await swarm.call("POST", `/api/leases/${leaseId}/complete`, {
      token,
      json: { attempt: 1, result: trained() },
    });
  }
  assert.equal(await ask(), "study-complete");
});

test("POST /api/leases: an idle worker also trains the slowest trial, and the loser is told to stop", async (swarm) => {
  const slow = await swarm.join({ threads: 4 });
  const leases = [];
  for (let n = 0; n < 4; n++) leases.push(await acquire(swarm, slow));
  swarm.clock.advance(20_000);
  const [, ...rest] = leases;
  for (const { leaseId } of rest) {
    await swarm.call("POST", `/api/leases/${leaseId}/report`, {
      token: slow,
      json: { attempt: 1, epochs: [epochMetrics(1)] },
    });
  }
  const quick = await swarm.join();
  const backup = await acquire(swarm, quick);
  assert.equal(backup.attempt, 2);
  assert.equal(backup.trial.trialId, leases[0]?.trial.trialId);
  await swarm.call("POST", `/api/leases/${backup.leaseId}/complete`, {
    token: quick,
    json: { attempt: 2, result: trained() },
  });
  const told = await swarm.call(
    "POST",
    `/api/leases/${leases[0]?.leaseId}/renew`,
    { token: slow, json: { attempt: 1 } },
  );
  assert.deepEqual(await told.json(), {
    directive: "stop",
    reason: "trial-completed",
  });
});

test("POST /api/leases: 204 without an active study", async (swarm) => {
  const token = await swarm.join();
  const response = await swarm.call("POST", "/api/leases", {
    token,
    json: leaseRequest,
  });
  assert.equal(response.status, 204);
  assert.equal(response.headers.get("swarm-reason"), "no-study");
}, { study: null });

test("POST /api/leases: a repeated lease id returns the same lease", async (swarm) => {
  const token = await swarm.join();
  const ask = (by: string) =>
    swarm.call("POST", "/api/leases", {
      token: by,
      json: { ...leaseRequest, leaseId: uuid(0xabc) },
    });
  const first = Lease.parse(await (await ask(token)).json());
  assert.equal(first.leaseId, uuid(0xabc));
  assert.deepEqual(await (await ask(token)).json(), first);
  await problem(await ask(await swarm.join()), 409, "stale-lease");
  await swarm.call("POST", `/api/leases/${first.leaseId}/release`, {
    token,
    json: { attempt: 1, reason: "leaving" },
  });
  await problem(await ask(token), 409, "stale-lease");
});

test("renew and report: renew the lease and refuse a stale one", async (swarm) => {
  const token = await swarm.join();
  const { leaseId } = await acquire(swarm, token);
  swarm.clock.advance(20_000);
  const renewed = await swarm.call("POST", `/api/leases/${leaseId}/renew`, {
    token,
    json: { attempt: 1 },
  });
  assert.deepEqual(RenewResponse.parse(await renewed.json()), {
    directive: "continue",
    ttlSeconds: 60,
    reportAfterSeconds: 0,
  });
  const reported = await swarm.call("POST", `/api/leases/${leaseId}/report`, {
    token,
    json: { attempt: 1, epochs: [epochMetrics(1)] },
  });
  assert.equal((await reported.json()).directive, "continue");
  swarm.clock.advance(59_000);
  assert.equal(await swarm.coordinator.sweep(), 0);
  swarm.clock.advance(1000);
  assert.equal(await swarm.coordinator.sweep(), 1);
  for (
    const [path, json] of [
      [`/api/leases/${leaseId}/renew`, { attempt: 1 }],
      [`/api/leases/${uuid(77)}/renew`, { attempt: 1 }],
      [`/api/leases/${leaseId}/report`, {
        attempt: 1,
        epochs: [epochMetrics(2)],
      }],
    ] as const
  ) {
    const response = await swarm.call("POST", path, { token, json });
    await problem(response, 409, "stale-lease");
  }
  const future = await swarm.join();
  const lease = await acquire(swarm, future);
  const response = await swarm.call(
    "POST",
    `/api/leases/${lease.leaseId}/report`,
    { token: future, json: { attempt: 2, epochs: [epochMetrics(3)] } },
  );
  await problem(response, 400, "invalid-request");
});

test("report: accepts several epochs at once, only in rising order", async (swarm) => {
  const token = await swarm.join();
  const { leaseId, trial } = await acquire(swarm, token);
  const report = (epochs: unknown) =>
    swarm.call("POST", `/api/leases/${leaseId}/report`, {
      token,
      json: { attempt: 1, epochs },
    });
  const [first, second] = [epochMetrics(1), epochMetrics(2)];
  const many = Array.from({ length: 1001 }, (_, i) => epochMetrics(i + 1));
  for (
    const wrong of [[], [second, first], [first, first], many, first, undefined]
  ) {
    const { errors } = await problem(
      await report(wrong),
      400,
      "invalid-request",
    );
    assert.match(errors?.[0]?.path ?? "", /^json\.epochs/);
  }
  const done = async () => {
    const path = `/api/trials/${trial.trialId}`;
    return (await (await swarm.call("GET", path)).json()).epochsDone;
  };
  assert.equal(await done(), 0);
  const answer = await report([first, second]);
  assert.equal(
    RenewResponse.parse(await answer.json()).directive,
    "continue",
  );
  assert.equal(await done(), 2);
});

test("complete: accepts once, repeats its answer and stops other attempts", async (swarm) => {
  const slow = await swarm.join();
  const late = await acquire(swarm, slow);
  swarm.clock.advance(60_000);
  await swarm.coordinator.sweep();
  const quick = await swarm.join();
  const lease = await acquire(swarm, quick);
  assert.equal(lease.trial.trialId, late.trial.trialId);
  assert.equal(lease.attempt, 2);

  const complete = (
    token: string,
    leaseId: string,
    attempt: number,
    loss = 0.6,
  ) =>
    swarm.call("POST", `/api/leases/${leaseId}/complete`, {
      token,
      json: { attempt, result: trained(2, loss) },
    });
  for (let again = 0; again < 2; again++) {
    const response = await complete(slow, late.leaseId, 1);
    assert.equal(response.status, 200);
    assert.deepEqual(CompleteResponse.parse(await response.json()), {
      trialId: lease.trial.trialId,
      verdict: "accepted",
    });
  }
  await problem(
    await complete(slow, late.leaseId, 1, 0.7),
    409,
    "conflicting-result",
  );
  const renewed = await swarm.call(
    "POST",
    `/api/leases/${lease.leaseId}/renew`,
    {
      token: quick,
      json: { attempt: 2 },
    },
  );
  assert.deepEqual(await renewed.json(), {
    directive: "stop",
    reason: "trial-completed",
  });
  await problem(
    await complete(quick, lease.leaseId, 2),
    409,
    "trial-completed",
  );
});

test("complete: an impossible result is refused with all reasons", async (swarm) => {
  const token = await swarm.join();
  const { leaseId } = await acquire(swarm, token);
  const response = await swarm.call("POST", `/api/leases/${leaseId}/complete`, {
    token,
    json: { attempt: 1, result: trained(1) },
  });
  const { detail, errors } = await problem(response, 422, "rejected-result");
  assert.match(detail, /every epoch: it has 1 of 2/);
  assert.equal(errors?.length, 1);
});

test("release: queues the trial again; failures of three workers quarantine it", async (swarm) => {
  let trialId = "";
  for (let n = 0; n < 3; n++) {
    const token = await swarm.join();
    const lease = await acquire(swarm, token);
    trialId = lease.trial.trialId;
    const response = await swarm.call(
      "POST",
      `/api/leases/${lease.leaseId}/release`,
      {
        token,
        json: { attempt: lease.attempt, reason: "failed", message: "no GPU" },
      },
    );
    assert.equal(response.status, 204);
  }
  const response = await swarm.call("GET", `/api/trials/${trialId}`);
  const trial = TrialView.parse(await response.json());
  assert.equal(trial.state, "quarantined");
  assert.deepEqual(
    trial.attempts.map((a) => [a.state, a.message]),
    Array.from({ length: 3 }, () => ["failed", "no GPU"]),
  );
  assert.ok(swarm.logged.some((l) => l.message === "trial-quarantined"));
  assert.equal(swarm.coordinator.counters.get("trial-failed"), 3);
});

test("standstill: nobody here, or each worker here failed too often", async (swarm) => {
  const standstill = async () => {
    const response = await swarm.call("GET", "/api/studies/seed");
    return StudyDetail.parse(await response.json()).progress.standstill;
  };
  assert.equal(await standstill(), "no-workers");
  const token = await swarm.join();
  assert.equal(await standstill(), null);
  // Each trial fails on this worker until it is not leased to it again.
  for (let failures = 0;; failures++) {
    const response = await swarm.call("POST", "/api/leases", {
      token,
      json: leaseRequest,
    });
    if (response.status === 204) {
      assert.ok(failures > 0);
      break;
    }
    const lease = Lease.parse(await response.json());
    assert.equal(await standstill(), null);
    await swarm.call("POST", `/api/leases/${lease.leaseId}/release`, {
      token,
      json: { attempt: lease.attempt, reason: "failed", message: "no memory" },
    });
  }
  assert.equal(await standstill(), "all-failed");
  await swarm.join();
  assert.equal(await standstill(), null);
  await swarm.coordinator.stopStudy(StudyId.parse("seed"));
  assert.equal(await standstill(), "not-active");
});

test("DELETE /api/workers/me: releases all leases", async (swarm) => {
  const token = await swarm.join({ threads: 3 });
  const first = await acquire(swarm, token);
  await acquire(swarm, token);
  const response = await swarm.call("DELETE", "/api/workers/me", { token });
  assert.equal(response.status, 204);
  const { progress } = StudyDetail.parse(
    await (await swarm.call("GET", "/api/studies/seed")).json(),
  );
  assert.equal(progress.leased, 0);
  assert.equal(progress.workersOnline, 0);
  // A page restored by the browser continues as the same worker.
  const again = await acquire(swarm, token);
  assert.equal(again.trial.trialId, first.trial.trialId);
  assert.equal(again.attempt, 2);
});

test("calls that name another protocol version are refused", async (swarm) => {
  const response = await swarm.call("GET", "/api/studies", {
    headers: { "swarm-protocol": String(PROTOCOL_VERSION - 1) },
  });
  await problem(response, 426, "protocol-version");
  const fine = await swarm.call("GET", "/api/studies", {
    headers: { "swarm-protocol": String(PROTOCOL_VERSION) },
  });
  assert.equal(
    fine.headers.get("swarm-protocol"),
    String(PROTOCOL_VERSION),
  );
  await fine.body?.cancel();
});

test("calls of a worker that registered with another version are refused", async (swarm) => {
  const secret = "ab".repeat(32);
  await swarm.storage.registerWorker({
    ...newWorker(1),
    protocolVersion: 99,
    tokenHash: hashSecret(secret),
  });
  const response = await swarm.call("POST", "/api/leases", {
    token: formatToken({ workerId: workerId(1), secret }),
    json: leaseRequest,
  });
  const { detail } = await problem(response, 426, "protocol-version");
  assert.match(
    detail,
    new RegExp(`version 99 .* coordinator ${PROTOCOL_VERSION}\\b`),
  );
});
