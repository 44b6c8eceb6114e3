import assert from "node:assert/strict";
import { Recipe } from "../../protocol/study.ts";
import { UnreachableError } from "./swarm_client.ts";
import { epochMetrics, trialSpec } from "../../testing/worker/fixtures.ts";
import { type Scene, scene } from "../../testing/worker/scene.ts";

/** A worker with one trial of this many epochs. */
function training(epochs: number, epochSeconds: number): Scene {
  const made = scene({ trials: 0, epochSeconds });
  const recipe = Recipe.parse({ epochs });
  made.swarm.queue.push({ ...trialSpec(0), recipe });
  return made;
}

/** Times in seconds of the calls about the lease. */
function callsAbout({ swarm }: Scene, names: readonly string[]): number[] {
  return swarm.calls.filter(({ name }) => names.includes(name))
    .map(({ at }) => at / 1000);
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, i) => at - (times[i] ?? NaN));
}

/** Epochs of each report. */
function reported({ swarm }: Scene): number[][] {
  const calls = new Map<number, number[]>();
  for (const { at, epoch } of swarm.reports) {
    calls.set(at, [...calls.get(at) ?? [], epoch]);
  }
  return [...calls.values()];
}

Deno.test("runSession: reports each epoch immediately in a small swarm", async () => {
  const s = training(6, 3);
  s.swarm.reportAfterSeconds = 0;
  await s.run();
  assert.deepEqual(reported(s), [[1], [2], [3], [4], [5], [6]]);
  const [begun = NaN] = callsAbout(s, ["acquire"]);
  callsAbout(s, ["report"]).forEach((at, i) => {
    const late = at - begun - 3 * (i + 1);
    assert.ok(late >= 0 && late < 0.1, `epoch ${i + 1}: ${late} s late`);
  });
  assert.equal(s.swarm.count("renew"), 0, "every report renews the lease");
});

Deno.test("runSession: in a large swarm epochs wait for the coordinator's pause and are reported together", async () => {
  const s = training(20, 3);
  s.swarm.reportAfterSeconds = 9.7;
  await s.run({ random: () => 0 });
  const waits = gaps(
    callsAbout(s, ["acquire", "report", "renew"]).slice(0, -1),
  );
  assert.ok(waits.every((wait) => wait > 9.69 && wait < 9.8), `${waits}`);
  assert.deepEqual(reported(s), [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
    [10, 11, 12],
    [13, 14, 15, 16],
    [17, 18, 19],
  ]);
  assert.equal(s.swarm.count("renew"), 0);
  assert.equal(s.swarm.results.get(trialSpec(0).trialId)?.epochs.length, 20);
});

Deno.test("runSession: shortens a pause at random by up to a quarter", async () => {
  for (const [chance, wait] of [[0, 8], [0.5, 7], [0.999, 6]] as const) {
    const s = training(40, 1);
    s.swarm.reportAfterSeconds = 8;
    await s.run({ random: () => chance });
    const waits = gaps(callsAbout(s, ["report"])).slice(1);
    assert.ok(waits.length > 2);
    for (const each of waits) assert.ok(Math.abs(each - wait) < 0.1, `${each}`);
  }
});

Deno.test("runSession: a pause starts at the call, so that a coordinator's stall does not synchronize workers", async () => {
  const s = training(40, 1);
  s.swarm.reportAfterSeconds = 8;
  // It answers after two seconds.
  const slow = (from: number, to: number) => () =>
    s.clock.now >= from && s.clock.now < to ? to - s.clock.now : 0;
  s.swarm.latency = slow(8_000, 10_000);
  await s.run({ random: () => 0 });
  const waits = gaps(callsAbout(s, ["report"]));
  for (const each of waits) assert.ok(Math.abs(each - 8) < 0.1, `${waits}`);
});

Deno.test("runSession: a slow coordinator gets at least half a pause", async () => {
  const s = training(60, 1);
  s.swarm.reportAfterSeconds = 8;
  s.swarm.latency = (name) => name === "report" ? 7_000 : 5;
  await s.run({ random: () => 0 });
  const waits = gaps(callsAbout(s, ["report"]));
  assert.ok(waits.length > 2);
  for (const each of waits) assert.ok(each > 10.9, `${waits}`);
});

Deno.test("runSession: reports an epoch after the pause immediately and keeps the heartbeat", async () => {
  const s = training(4, 25);
  s.swarm.reportAfterSeconds = 2;
  s.swarm.heartbeatSeconds = 10;
  await s.run();
  assert.deepEqual(reported(s), [[1], [2], [3], [4]]);
  const [begun = NaN] = callsAbout(s, ["acquire"]);
  callsAbout(s, ["report"]).forEach((at, i) => {
    const late = at - begun - 25 * (i + 1);
    assert.ok(late >= 0 && late < 0.1, `epoch ${i + 1}: ${late} s late`);
  });
  // Two heartbeats between two epochs.
  assert.equal(s.swarm.count("renew"), 8);
});

Deno.test("runSession: uses the pause of the last answer, longer or shorter", async () => {
  const s = training(30, 1);
  s.swarm.reportAfterSeconds = 0;
  s.clock.at(5_500, () => s.swarm.reportAfterSeconds = 9.6);
  s.clock.at(20_000, () => s.swarm.reportAfterSeconds = 0);
  await s.run({ random: () => 0 });
  assert.deepEqual(
    reported(s).map((epochs) => epochs.length).filter((n) => n > 1),
    [9, 10],
  );
  assert.deepEqual(
    s.swarm.reports.map(({ epoch }) => epoch),
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
});

Deno.test("runSession: renews a lease at a third of its time in spite of a long pause", async () => {
  for (const [ttl, heartbeat, most] of [[30, 20, 10], [3000, 20, 20]]) {
    const s = training(3, 300);
    s.swarm.ttlSeconds = ttl ?? NaN;
    s.swarm.heartbeatSeconds = heartbeat ?? NaN;
    s.swarm.reportAfterSeconds = 10_000;
    await s.run();
    const waits = gaps(callsAbout(s, ["acquire", "renew", "report"]));
    assert.ok(waits.length > 40, `${waits.length}`);
    assert.ok(waits.every((wait) => wait <= (most ?? NaN) + 0.1), `${waits}`);
    assert.equal(s.of("completed").length, 1);
  }
});

Deno.test("runSession: delivers a trained trial immediately, with its unreported epochs", async () => {
  const s = training(4, 2);
  s.swarm.reportAfterSeconds = 10;
  await s.run();
  const [begun = NaN] = callsAbout(s, ["acquire"]);
  const [delivered = NaN] = callsAbout(s, ["complete"]);
  assert.ok(delivered - begun < 8.1, `${delivered - begun} s`);
  assert.equal(s.swarm.count("report") + s.swarm.count("renew"), 0);
  assert.equal(s.swarm.results.get(trialSpec(0).trialId)?.epochs.length, 4);
});

Deno.test("runSession: a paced worker learns at its next call that it must stop", async () => {
  const s = training(100, 2);
  s.swarm.reportAfterSeconds = 10;
  s.clock.at(12_000, () => {
    s.swarm.completeElsewhere(trialSpec(0));
    s.swarm.directive = { directive: "stop", reason: "trial-completed" };
  });
  await s.run();
  assert.deepEqual(s.of("abandoned").map(({ reason }) => reason), [
    "trial-completed",
  ]);
  assert.ok(s.clock.now < 25_000, `${s.clock.now} ms`);
});

Deno.test("runSession: reports all epochs at once after an outage", async () => {
  const s = training(100, 2);
  s.swarm.ttlSeconds = 600;
  s.clock.at(11_000, () => s.swarm.away = true);
  s.clock.at(95_000, () => s.swarm.away = false);
  await s.run();
  const together = reported(s).filter((epochs) => epochs.length > 1);
  assert.equal(together.length, 1);
  assert.ok((together[0]?.length ?? 0) > 40, `${together[0]}`);
  assert.deepEqual(
    s.swarm.reports.map(({ epoch }) => epoch),
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  assert.equal(s.of("connection-restored").length, 1);
});

Deno.test("runSession: a trial trained during an outage is delivered without a report", async () => {
  const s = training(5, 10);
  s.clock.at(15_000, () => s.swarm.away = true);
  s.clock.at(300_000, () => s.swarm.away = false);
  await s.run();
  const after = s.swarm.calls.filter(({ at }) => at > 60_000)
    .map(({ name }) => name);
  assert.deepEqual(new Set(after), new Set(["complete", "acquire", "leave"]));
  assert.deepEqual(reported(s), [[1]]);
  assert.equal(s.of("connection-lost").length, 1);
  assert.equal(s.of("connection-restored").length, 1);
  assert.equal(s.of("completed").length, 1);
});

Deno.test("runSession: repeats a report whose answer was lost, with newer epochs", async () => {
  const s = training(10, 0.4);
  let lost = false;
  s.swarm.after = (name) => {
    if (name !== "report" || lost) return;
    lost = true;
    throw new UnreachableError("connection reset");
  };
  await s.run();
  const [first, second] = reported(s);
  assert.deepEqual(first, [1]);
  assert.ok((second?.length ?? 0) > 1 && second?.[0] === 1, `${second}`);
  assert.deepEqual(
    [...new Set(s.swarm.reports.map(({ epoch }) => epoch))],
    Array.from({ length: 10 }, (_, i) => i + 1),
  );
});

Deno.test("runSession: reports the epochs of a failed training before releasing the trial", async () => {
  const s = training(10, 2);
  s.swarm.reportAfterSeconds = 9;
  let failures = 1;
  await s.run({
    startTrainer: async (request, signal) => {
      const trainer = await s.trainers.start(request, signal);
      return {
        ...trainer,
        async train(spec, callbacks, signal) {
          if (failures-- <= 0) return trainer.train(spec, callbacks, signal);
          for (const epoch of [1, 2, 3]) {
            await s.clock.sleep(1000, signal);
            callbacks.onEpoch(epochMetrics(epoch));
          }
          throw new Error("the trainer thread died");
        },
      };
    },
  });
  const [report, release] = [
    callsAbout(s, ["report"])[0] ?? NaN,
    callsAbout(s, ["release"])[0] ?? NaN,
  ];
  assert.deepEqual(reported(s)[0], [1, 2, 3]);
  assert.ok(report < 3.1 && release > report && release < 3.2);
  assert.equal(s.swarm.results.size, 1);
});
