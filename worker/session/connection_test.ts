import assert from "node:assert/strict";
import { LostAnswerError, UnreachableError } from "./swarm_client.ts";
import { problemError, trialSpec } from "../../testing/worker/fixtures.ts";
import { scene } from "../../testing/worker/scene.ts";

const HOUR = 3_600_000;

Deno.test("runSession: continues training during an outage, then reports in order and delivers", async () => {
  const { swarm, run, of, clock } = scene();
  swarm.ttlSeconds = 600;
  clock.at(30_000, () => {
    swarm.away = true;
  });
  clock.at(170_000, () => {
    swarm.away = false;
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(of("connection-lost").length, 1);
  assert.equal(of("connection-restored").length, 1);
  assert.deepEqual(swarm.reports.map(({ epoch }) => epoch), [1, 2, 3]);
  assert.equal(swarm.results.size, 1);
  assert.ok(clock.now < 220_000, "training did not wait for the coordinator");
});

Deno.test("runSession: delivers a result that was finished during an outage, after the lease expired", async () => {
  const { swarm, run, of, clock } = scene();
  clock.at(100_000, () => {
    swarm.away = true;
  });
  clock.at(HOUR, () => {
    swarm.expireLeases();
    swarm.away = false;
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(swarm.results.size, 1);
  assert.equal(of("completed").length, 1);
  assert.equal(of("abandoned").length, 0);
});

Deno.test("runSession: drops a late result if another worker completed the trial", async () => {
  const { swarm, run, of, clock } = scene();
  clock.at(100_000, () => {
    swarm.away = true;
  });
  clock.at(HOUR, () => {
    swarm.expireLeases();
    swarm.completeElsewhere(trialSpec(0));
    swarm.away = false;
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.deepEqual(of("abandoned").map(({ reason }) => reason), [
    "trial-completed",
  ]);
});

Deno.test("runSession: retries during an outage less and less often", async () => {
  const { swarm, run, clock } = scene();
  clock.at(100_000, () => {
    swarm.away = true;
  });
  clock.at(HOUR, () => {
    swarm.away = false;
  });
  await run();
  const calls = swarm.calls.filter(({ at }) => at > 100_000 && at < HOUR);
  const gaps = calls.slice(1).map((call, i) => call.at - (calls[i]?.at ?? NaN));
  assert.ok((gaps[0] ?? NaN) < 1500, `first: ${gaps[0]} ms`);
  assert.ok(gaps.every((gap) => gap < 31_000), `${gaps}`);
  assert.ok(calls.length < 180, `${calls.length} calls in an hour`);
});

Deno.test("runSession: repeats a completion whose answer was lost, and it counts once", async () => {
  const { swarm, run, of } = scene();
  let lost = false;
  swarm.after = (name) => {
    if (name !== "complete" || lost) return;
    lost = true;
    throw new UnreachableError("connection reset");
  };
  await run();
  assert.equal(swarm.count("complete"), 2);
  assert.equal(of("completed").length, 1);
  assert.equal(swarm.results.size, 1);
});

Deno.test("runSession: repeats a lease request whose answer was lost and gets the same lease", async () => {
  const { swarm, run, of } = scene({ trials: 2 });
  let lost = false;
  swarm.after = (name) => {
    if (name !== "acquire" || lost) return;
    lost = true;
    throw new UnreachableError("connection reset");
  };
  await run();
  assert.deepEqual(
    of("leased").map(({ trial, attempt }) => [trial.replicate, attempt]),
    [[0, 1], [1, 1]],
  );
  assert.equal(
    swarm.leaseRequests[0]?.leaseId,
    swarm.leaseRequests[1]?.leaseId,
  );
});

Deno.test("runSession: a forgotten worker registers again, once for all threads, under its name", async () => {
  const { swarm, run, clock, of } = scene({ trials: 4, threads: 2 });
  clock.at(50_000, () => swarm.forgetWorkers());
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.deepEqual(swarm.registrations.map(({ name }) => name), ["ada", "ada"]);
  assert.equal(of("registered").length, 2);
  assert.equal(swarm.results.size, 4);
});

Deno.test("runSession: a late refusal after the new registration does not cause another one", async () => {
  const { swarm, run, clock } = scene({ trials: 2, threads: 2 });
  let reports = 0;
  swarm.latency = (name) => name === "report" && reports++ % 2 === 1 ? 500 : 5;
  clock.at(59_000, () => swarm.forgetWorkers());
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(swarm.registrations.length, 2);
});

Deno.test("runSession: a name that the coordinator made up is kept when registering again", async () => {
  const { swarm, run, clock } = scene({ trials: 2 });
  clock.at(50_000, () => swarm.forgetWorkers());
  await run({ worker: { kind: "browser", threads: 1 } });
  assert.deepEqual(
    swarm.registrations.map(({ name }) => name),
    [undefined, "worker 1"],
  );
});

Deno.test("runSession: ends if the coordinator forgets each registration immediately", async () => {
  const { swarm, run } = scene();
  swarm.after = (name) => {
    if (name === "register") swarm.forgetWorkers();
  };
  const end = await run();
  assert.equal(end.reason, "failed");
  assert.ok(swarm.registrations.length <= 5, `${swarm.registrations.length}`);
});

Deno.test("runSession: another protocol version at the start ends with 'update'", async () => {
  const { swarm, run } = scene();
  swarm.before = () => {
    throw problemError("protocol-version", 426);
  };
  const end = await run();
  assert.equal(end.reason, "failed");
  assert.match(end.reason === "failed" ? end.message : "", /update/);
});

Deno.test("runSession: an upgrade of the coordinator ends the session with 'update'", async () => {
  const { swarm, run, clock, trainers } = scene({ threads: 2, trials: 4 });
  clock.at(70_000, () => {
    swarm.before = () => {
      throw problemError("protocol-version", 426);
    };
  });
  const end = await run();
  assert.match(end.reason === "failed" ? end.message : "", /update/);
  assert.equal(trainers.open.size, 0);
});

Deno.test("runSession: ends without a second try if nobody answers at the address", async () => {
  const { swarm, run, clock } = scene();
  swarm.away = true;
  assert.deepEqual(await run(), {
    reason: "failed",
    failure: "unreachable",
    message: "cannot reach the coordinator: connection refused",
  });
  assert.equal(swarm.calls.length, 1);
  assert.ok(clock.now < 100);
});

Deno.test("runSession: a registration whose answer is lost is repeated with the same secret, the next one has another", async () => {
  const { swarm, run, clock } = scene({ trials: 2 });
  let lost = 0;
  swarm.after = (name) => {
    if (name === "register" && lost++ < 4) {
      throw new LostAnswerError("connection closed before message completed");
    }
  };
  clock.at(50_000, () => {
    lost = 3;
    swarm.forgetWorkers();
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(swarm.results.size, 2);
  const secrets = swarm.registrations.map(({ secret }) => secret);
  assert.equal(secrets.length, 7);
  assert.equal(new Set(secrets.slice(0, 5)).size, 1);
  assert.equal(new Set(secrets).size, 2);
  assert.equal(secrets[5], secrets[6]);
});

Deno.test("runSession: ends if another kind of server loses each answer", async () => {
  const { swarm, run } = scene();
  swarm.before = () => {
    throw new LostAnswerError("connection closed before message completed");
  };
  const end = await run();
  assert.equal(end.reason === "failed" ? end.failure : "", "unreachable");
  assert.equal(swarm.calls.length, 5);
});

Deno.test("runSession: a permanent refusal ends the session with its reason", async () => {
  const { swarm, run, clock } = scene({ threads: 2, trials: 4 });
  swarm.before = (name) => {
    if (name === "report") throw problemError("invalid-request", 400);
  };
  assert.deepEqual(await run(), {
    reason: "failed",
    failure: "refused",
    message: "the coordinator refused: the coordinator says invalid-request",
  });
  assert.ok(clock.now < 61_000);
});

Deno.test("runSession: waits as long as an overloaded coordinator asks for", async () => {
  const { swarm, run } = scene();
  let refused = 0;
  swarm.before = (name) => {
    if (name === "acquire" && refused++ < 3) {
      throw problemError("unavailable", 503, 40);
    }
  };
  await run();
  const asked = swarm.calls.filter(({ name }) => name === "acquire");
  const gap = (asked[1]?.at ?? NaN) - (asked[0]?.at ?? NaN);
  assert.ok(gap >= 40_000 && gap <= 51_000, `${gap} ms`);
  assert.equal(swarm.results.size, 1);
});

Deno.test("runSession: three consecutive refused results end the session", async () => {
  const { swarm, run, of } = scene({ trials: 9 });
  swarm.before = (name) => {
    if (name === "complete") throw problemError("rejected-result", 422);
  };
  const end = await run();
  assert.match(
    end.reason === "failed" ? end.message : "",
    /refused 3 consecutive results/,
  );
  assert.deepEqual(of("abandoned").map(({ reason }) => reason), [
    "result-refused",
    "result-refused",
    "result-refused",
  ]);
});

for (
  const [type, status] of [
    ["too-many-requests", 429],
    ["unavailable", 503],
    ["body-too-slow", 408],
  ] as const
) {
  Deno.test(`runSession: waits after ${type}, at its registration and later`, async () => {
    const { swarm, run } = scene();
    const refused = new Set<string>();
    swarm.before = (name) => {
      if (refused.has(name)) return;
      refused.add(name);
      throw problemError(type, status, 40);
    };
    assert.deepEqual(await run(), { reason: "study-complete" });
    for (const name of ["register", "acquire", "report", "complete"]) {
      const [first, second] = swarm.calls.filter((call) => call.name === name);
      const gap = (second?.at ?? NaN) - (first?.at ?? NaN);
      // Not before the given time, and with a random delay, so that not all
      // return at once.
      assert.ok(gap > 40_000 && gap <= 51_000, `${name}: ${gap} ms`);
    }
    assert.equal(swarm.results.size, 1);
  });
}

for (const type of ["join-code", "removed"] as const) {
  Deno.test(`runSession: ${type} ends the session with the coordinator's message`, async () => {
    const { swarm, run } = scene();
    swarm.before = (name) => {
      if (name === "register") throw problemError(type, 403);
    };
    const end = await run();
    assert.ok(end.reason === "failed");
    assert.equal(end.failure, type);
    assert.equal(swarm.calls.length, 1);
  });
}
