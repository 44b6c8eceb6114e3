import assert from "node:assert/strict";
import { manifest, trialSpec, uuid } from "../../testing/worker/fixtures.ts";
import { scene } from "../../testing/worker/scene.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

const HOUR = 3_600_000;

Deno.test("runSession: registers, leases, reports each epoch in order, completes", async () => {
  const { swarm, run, events, trainers, of } = scene({ trials: 2 });
  assert.deepEqual(await run(), { reason: "study-complete" });

  assert.deepEqual(swarm.registrations, [
    {
      protocolVersion: PROTOCOL_VERSION,
      kind: "deno",
      threads: 1,
      name: "ada",
      secret: `${uuid(1)}${uuid(2)}`.replaceAll("-", ""),
    },
  ]);
  assert.deepEqual(
    swarm.reports.map(({ trialId, epoch }) => `${trialId} ${epoch}`),
    [
      "tiny-r0 1",
      "tiny-r0 2",
      "tiny-r0 3",
      "tiny-r1 1",
      "tiny-r1 2",
      "tiny-r1 3",
    ],
  );
  assert.deepEqual([...swarm.results.keys()], ["tiny-r0", "tiny-r1"]);
  assert.equal(swarm.results.get(trialSpec(0).trialId)?.epochs.length, 3);
  assert.deepEqual(
    events.map((event) => event.type).filter((type) => type !== "progress"),
    [
      "registered",
      "trainer-ready",
      ...["leased", "epoch", "epoch", "epoch", "completed"],
      ...["leased", "epoch", "epoch", "epoch", "completed"],
      "stopped",
    ],
  );
  assert.equal(of("progress").length, 6);
  assert.equal(trainers.started.length, 1, "one trainer serves all trials");
  assert.equal(trainers.open.size, 0, "it is closed at the end");
});

Deno.test("runSession: a lease request contains the backend and its speed", async () => {
  const { swarm, run } = scene();
  await run();
  assert.deepEqual(swarm.leaseRequests[0], {
    leaseId: uuid(3),
    backend: "simd",
    backendDetail: "fake",
    stepMilliseconds: 5,
  });
});

Deno.test("runSession: renews at least every third of the lease's time between reports", async () => {
  const { swarm, run } = scene({ epochSeconds: 300 });
  swarm.ttlSeconds = 30;
  swarm.heartbeatSeconds = 20;
  await run();
  const renewals = swarm.calls.filter(({ name }) =>
    name === "renew" || name === "report"
  );
  const gaps = renewals.slice(1).map((call, i) =>
    call.at - (renewals[i]?.at ?? NaN)
  );
  assert.ok(gaps.every((gap) => gap <= 10_100), `gaps: ${gaps}`);
  assert.ok(gaps.length >= 85 && gaps.length <= 100, `${gaps.length} in 900 s`);
});

Deno.test("runSession: the coordinator's heartbeat limits the time between renewals", async () => {
  const { swarm, run } = scene({ epochSeconds: 300 });
  swarm.ttlSeconds = 3000;
  swarm.heartbeatSeconds = 20;
  await run();
  const count = swarm.count("renew");
  assert.ok(count >= 40 && count <= 46, `${count} renewals in 900 s`);
});

Deno.test("runSession: each thread trains its own trial", async () => {
  const { swarm, run, of, clock, trainers } = scene({ trials: 6, threads: 3 });
  await run();
  assert.equal(swarm.results.size, 6);
  assert.equal(trainers.started.length, 3);
  assert.deepEqual(
    of("leased").slice(0, 3).map(({ slot, trial }) => [slot, trial.replicate]),
    [[0, 0], [1, 1], [2, 2]],
  );
  // Two rounds of 180 s, not six.
  assert.ok(clock.now < 370_000, `${clock.now} ms`);
});

Deno.test("runSession: abandons a trial without releasing it when told to stop", async () => {
  const { swarm, run, of, clock } = scene({ trials: 2 });
  clock.at(70_000, () => {
    swarm.completeElsewhere(trialSpec(0));
    swarm.directive = { directive: "stop", reason: "trial-completed" };
  });
  swarm.after = (name) => {
    if (name === "renew" || name === "report") swarm.directive = null;
  };
  await run();
  assert.deepEqual(
    of("abandoned").map(({ trialId, reason }) => [trialId, reason]),
    [
      ["tiny-r0", "trial-completed"],
    ],
  );
  assert.deepEqual(swarm.releases, []);
  assert.equal(swarm.results.has(trialSpec(0).trialId), false);
  assert.equal(swarm.results.has(trialSpec(1).trialId), true);
});

Deno.test("runSession: abandons a lease lost during training and requests the next one", async () => {
  const { swarm, run, of, clock } = scene({ trials: 2 });
  clock.at(70_000, () => swarm.expireLeases());
  await run();
  assert.deepEqual(
    of("abandoned").map(({ trialId, reason }) => [trialId, reason]),
    [
      ["tiny-r0", "lease-lost"],
    ],
  );
  assert.deepEqual(swarm.releases, []);
  // The trial went to the end of the queue and was leased again.
  assert.deepEqual([...swarm.results.keys()], ["tiny-r1", "tiny-r0"]);
});

Deno.test("runSession: reports why there is no trial and asks again at the given time", async () => {
  const { swarm, run, clock, of } = scene({ trials: 0 });
  swarm.idle = { reason: "all-leased", retryAfterSeconds: 7 };
  clock.at(20_000, () => {
    swarm.queue.push(trialSpec(0));
  });
  clock.at(60_000, () => {
    swarm.idle = { reason: "study-complete", retryAfterSeconds: 7 };
  });
  await run();
  assert.deepEqual(of("waiting")[0], {
    type: "waiting",
    slot: 0,
    reason: "all-leased",
    seconds: 7,
  });
  const asked = swarm.calls.filter(({ name }) => name === "acquire");
  const gap = (asked[1]?.at ?? NaN) - (asked[0]?.at ?? NaN);
  assert.ok(gap >= 7000 && gap < 7100, `${gap} ms`);
  assert.equal(swarm.results.size, 1);
});

Deno.test("runSession: waits after the study is complete, unless told to exit", async () => {
  const { run, clock, leave, of } = scene({ trials: 0 });
  clock.at(HOUR, () => leave.abort());
  assert.deepEqual(await run({ exitWhenComplete: false }), { reason: "left" });
  assert.ok(of("waiting").length > 100);
  assert.equal(of("waiting")[0]?.reason, "study-complete");
});

Deno.test("runSession: registers again until there is a study", async () => {
  const { swarm, run, clock, of } = scene();
  swarm.dataset = null;
  clock.at(100_000, () => {
    swarm.dataset = manifest();
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(of("waiting")[0]?.reason, "no-study");
  assert.equal(swarm.registrations.length, swarm.left.length);
  assert.equal(swarm.results.size, 1);
});

Deno.test("runSession: the same run twice makes the same calls at the same times", async () => {
  const trace = async () => {
    const { swarm, run, clock } = scene({ trials: 5, threads: 2 });
    clock.at(100_000, () => {
      swarm.away = true;
    });
    clock.at(200_000, () => {
      swarm.away = false;
    });
    await run();
    return swarm.calls;
  };
  assert.deepEqual(await trace(), await trace());
});
Deno.test("runSession: leaving takes at most five seconds if the coordinator hangs", async () => {
  const { swarm, run, clock, leave } = scene();
  clock.at(90_000, () => {
    swarm.silent = true;
    leave.abort();
  });
  assert.deepEqual(await run(), { reason: "left" });
  assert.ok(clock.now <= 95_000, `left after ${clock.now - 90_000} ms`);
});

Deno.test("runSession: delivers a finished result before leaving", async () => {
  const { swarm, run, clock, leave, of } = scene();
  // The coordinator is unavailable when training ends at 180 s; the next
  // regular try would come after the user left.
  clock.at(170_000, () => {
    swarm.away = true;
  });
  clock.at(600_000, () => {
    swarm.away = false;
    leave.abort();
  });
  assert.deepEqual(await run(), { reason: "left" });
  assert.equal(swarm.results.size, 1);
  assert.equal(of("completed").length, 1);
});

Deno.test("runSession: leaving during registration makes no further call", async () => {
  const { swarm, run, clock, leave } = scene();
  clock.at(2, () => leave.abort());
  assert.deepEqual(await run(), { reason: "left" });
  assert.equal(swarm.count("leave"), 0);
});
