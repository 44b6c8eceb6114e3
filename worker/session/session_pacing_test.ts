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

/** Seconds at which calls about the lease were made. */
function callsAbout({ swarm }: Scene, names: readonly string[]): number[] {
  return swarm.calls.filter(({ name }) => names.includes(name))
    .map(({ at }) => at / 1000);
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, i) => at - (times[i] ?? NaN));
}

/** Epochs by the call that reported them. */
function reported({ swarm }: Scene): number[][] {
  const calls = new Map<number, number[]>();
  for (const { at, epoch } of swarm.reports) {
    calls.set(at, [...calls.get(at) ?? [], epoch]);
  }
  return [...calls.values()];
}

Deno.test("runSession: in a small swarm each epoch is reported as it comes", async () => {
  const s = training(6, 3);
  s.swarm.reportAfterSeconds = 0;
  await s.run();
  assert.deepEqual(reported(s), [[1], [2], [3], [4], [5], [6]]);
  const [begun = NaN] = callsAbout(s, ["acquire"]);
  callsAbout(s, ["report"]).forEach((at, i) => {
    const late = at - begun - 3 * (i + 1);
    assert.ok(late >= 0 && late < 0.1, `epoch ${i + 1}: ${late} s late`);
  });
  assert.equal(s.swarm.count("renew"), 0, "every report was a renewal");
});

Deno.test("runSession: in a crowd epochs wait as long as the coordinator says, and go together", async () => {
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

Deno.test("runSession: chance takes up to a quarter of a pause", async () => {
  for (const [chance, wait] of [[0, 8], [0.5, 7], [0.999, 6]] as const) {
    const s = training(40, 1);
    s.swarm.reportAfterSeconds = 8;
    await s.run({ random: () => chance });
    const waits = gaps(callsAbout(s, ["report"])).slice(1);
    assert.ok(waits.length > 2);
    for (const each of waits) assert.ok(Math.abs(each - wait) < 0.1, `${each}`);
  }
});

Deno.test("runSession: a pause counts from the call, so that a coordinator that stood still gathers nobody", async () => {
  const s = training(40, 1);
  s.swarm.reportAfterSeconds = 8;
  // It stands still for two seconds, then answers.
  const slow = (from: number, to: number) => () =>
    s.clock.now >= from && s.clock.now < to ? to - s.clock.now : 0;
  s.swarm.latency = slow(8_000, 10_000);
  await s.run({ random: () => 0 });
  const waits = gaps(callsAbout(s, ["report"]));
  for (const each of waits) assert.ok(Math.abs(each - 8) < 0.1, `${waits}`);
});

Deno.test("runSession: a coordinator that takes long to answer has half a pause at least", async () => {
  const s = training(60, 1);
  s.swarm.reportAfterSeconds = 8;
  s.swarm.latency = (name) => name === "report" ? 7_000 : 5;
  await s.run({ random: () => 0 });
  const waits = gaps(callsAbout(s, ["report"]));
  assert.ok(waits.length > 2);
  for (const each of waits) assert.ok(each > 10.9, `${waits}`);
});

Deno.test("runSession: an epoch after the pause is reported at once, the heartbeat comes in time", async () => {
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
  // Two between two epochs.
  assert.equal(s.swarm.count("renew"), 8);
});

Deno.test("runSession: the pause is the last answer's, be it longer or shorter", async () => {
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

Deno.test("runSession: no pause keeps a lease from being renewed at a third of its time", async () => {
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

Deno.test("runSession: a trained trial is delivered at once, with what was not reported", async () => {
  const s = training(4, 2);
  s.swarm.reportAfterSeconds = 10;
  await s.run();
  const [begun = NaN] = callsAbout(s, ["acquire"]);
  const [delivered = NaN] = callsAbout(s, ["complete"]);
  assert.ok(delivered - begun < 8.1, `${delivered - begun} s`);
  assert.equal(s.swarm.count("report") + s.swarm.count("renew"), 0);
  assert.equal(s.swarm.results.get(trialSpec(0).trialId)?.epochs.length, 4);
});

Deno.test("runSession: told to stop, a paced worker hears it when it calls next", async () => {
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

Deno.test("runSession: after an outage all epochs go in one report", async () => {
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

Deno.test("runSession: trained during an outage, a trial is delivered and not reported on", async () => {
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

Deno.test("runSession: a report whose answer was lost is sent again, with what came since", async () => {
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

Deno.test("runSession: what a training that failed came to is reported before it is handed back", async () => {
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
