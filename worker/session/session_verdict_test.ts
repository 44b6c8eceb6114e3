import assert from "node:assert/strict";
import { FAKE_WEIGHTS } from "../../testing/worker/fake_trainers.ts";
import { problemError, trialSpec } from "../../testing/worker/fixtures.ts";
import { scene } from "../../testing/worker/scene.ts";

Deno.test("runSession: uploads the weights once, before the result", async () => {
  const { swarm, run, of } = scene();
  swarm.weightsBytes = FAKE_WEIGHTS;
  assert.deepEqual(await run(), { reason: "study-complete" });
  const names = swarm.calls.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => name === "uploadWeights" || name === "complete"),
    ["uploadWeights", "complete"],
  );
  assert.equal(of("completed").length, 1);
});

Deno.test("runSession: uploads no weights if the coordinator does not verify", async () => {
  const { swarm, run } = scene();
  await run();
  assert.equal(swarm.count("uploadWeights"), 0);
  assert.equal(swarm.results.size, 1);
});

Deno.test("runSession: uploads again if the coordinator lost the weights", async () => {
  const { swarm, run, of } = scene();
  swarm.weightsBytes = FAKE_WEIGHTS;
  let restarts = 1;
  swarm.before = (name) => {
    if (name === "complete" && restarts-- > 0) swarm.uploads.clear();
  };
  await run();
  assert.equal(swarm.count("uploadWeights"), 2);
  assert.equal(of("completed").length, 1);
});

Deno.test("runSession: an upload waits during an outage", async () => {
  const { swarm, run, of } = scene();
  swarm.weightsBytes = FAKE_WEIGHTS;
  let outages = 3;
  swarm.before = (name) => {
    if (name === "uploadWeights" && outages-- > 0) {
      throw problemError("unavailable", 503);
    }
  };
  await run();
  assert.equal(swarm.count("uploadWeights"), 4);
  assert.equal(of("completed").length, 1);
});

Deno.test("runSession: abandons a trial whose weights have the wrong length", async () => {
  const { swarm, run, of } = scene();
  swarm.weightsBytes = FAKE_WEIGHTS + 4;
  await run();
  assert.equal(swarm.count("uploadWeights"), 1);
  assert.deepEqual(of("abandoned").map(({ reason }) => reason), [
    "result-refused",
  ]);
});

Deno.test("runSession: continues training while a result is verified, and asks for its verdict", async () => {
  const { swarm, run, of, clock } = scene({ trials: 2, epochSeconds: 60 });
  const [first] = [trialSpec(0).trialId];
  swarm.verdict = (trialId) =>
    trialId === first && clock.now < 300_000 ? "pending" : "accepted";
  await run();
  assert.equal(of("completed").length, 2);
  assert.equal(of("refused").length, 0);
  const asked = swarm.calls.filter(({ name }) => name === "complete")
    .map(({ at }) => Math.round(at / 1000));
  // After 2, 4, 8 and 16 seconds, then every 30 seconds.
  assert.deepEqual(
    asked.slice(0, 6).map((at) => at - (asked[0] ?? 0)),
    [0, 2, 6, 14, 30, 60],
  );
});

Deno.test("runSession: reports a refused result; three consecutive ones end the session", async () => {
  const { swarm, run, of, clock } = scene({ trials: 9, epochSeconds: 60 });
  const seen = new Map<string, number>();
  swarm.verdict = (trialId) => {
    const since = seen.get(trialId) ?? clock.now;
    seen.set(trialId, since);
    return clock.now > since ? "refused" : "pending";
  };
  const end = await run();
  assert.equal(end.reason, "failed");
  assert.match(
    end.reason === "failed" ? end.message : "",
    /refused 3 consecutive results/,
  );
  assert.equal(of("refused").length, 3);
  assert.equal(of("abandoned").length, 0, "no running trial was abandoned");
});
