import assert from "node:assert/strict";
import { StudyId, TrialId } from "../../../protocol/ids.ts";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import { seedLeaderboard } from "../../../tests/browser/fixture_leaderboard.ts";
import { type Api, OutdatedPageError, UnreachableError } from "../../api.ts";
import { createLeaderboardState } from "./state.ts";
import { defaultViewState } from "./view_state.ts";

const seed = StudyId.parse("seed");

function world(leaderboard: Leaderboard = seedLeaderboard("running")) {
  const calls: string[] = [];
  const later: (() => void)[] = [];
  const served = { leaderboard, etag: "1", error: null as Error | null };
  const api: Pick<Api, "studies" | "leaderboard"> = {
    studies: () => {
      calls.push("studies");
      if (served.error !== null) return Promise.reject(served.error);
      const study = { trials: 45, completed: 3 };
      return Promise.resolve({
        studies: [
          { id: StudyId.parse("grid"), active: false, ...study },
          { id: seed, active: true, ...study },
        ],
      });
    },
    leaderboard: (study, etag) => {
      calls.push(`${study} ${etag}`);
      if (served.error !== null) return Promise.reject(served.error);
      return Promise.resolve(
        etag === served.etag
          ? null
          : { leaderboard: served.leaderboard, etag: served.etag },
      );
    },
  };
  const state = createLeaderboardState(api, defaultViewState, (_, run) => {
    later.push(run);
    return () => {};
  });
  return { state, calls, served, later };
}

Deno.test("LeaderboardState.refresh shows the active study, then sends its tag", async () => {
  const { state, calls } = world();
  await state.refresh();
  assert.equal(state.leaderboard.value?.study.id, "seed");
  const shown = state.leaderboard.value;
  await state.refresh();
  assert.deepEqual(calls, ["studies", "seed null", "seed 1"]);
  assert.equal(state.leaderboard.value, shown);
});

Deno.test("LeaderboardState.refresh keeps its data while the coordinator is unreachable", async () => {
  const { state, served } = world();
  await state.refresh();
  served.error = new UnreachableError("away", null);
  await assert.rejects(state.refresh(), UnreachableError);
  assert.ok(state.leaderboard.value !== null);
  assert.equal(state.problem.value, null);
});

Deno.test("LeaderboardState.refresh reports an answer that it cannot read as outdated", async () => {
  const { state, served } = world();
  served.error = new OutdatedPageError("new words");
  await state.refresh();
  assert.deepEqual(state.problem.value, { kind: "outdated" });
});

Deno.test("LeaderboardState.take shows many epochs at once, and only of its study", async () => {
  const { state, later } = world();
  await state.refresh();
  const epoch = (trialId: string, epoch: number) =>
    state.take({
      type: "epoch",
      trialId: TrialId.parse(trialId),
      params: { dropout1: 0.2, dropout2: 0.5 },
      replicate: 0,
      metrics: {
        epoch,
        trainLoss: 1,
        trainAccuracy: 0.5,
        trainLossDropoutOff: 1,
        testLoss: 1,
        testAccuracy: 0.5,
        seconds: 1,
      },
    });
  for (let i = 1; i <= 10; i++) epoch("seed-x-d1_0.2-d2_0.5-r0", i);
  epoch("other-x-d1_0.2-d2_0.5-r0", 99);
  // A study whose id begins with this one's.
  epoch("seed-fine-x-d1_0.2-d2_0.5-r0", 99);
  assert.equal(state.liveEpochs.value.size, 0);
  assert.equal(later.length, 1);
  later[0]?.();
  assert.deepEqual([...state.liveEpochs.value], [
    ["d1_0.2-d2_0.5", { replicate: 0, epoch: 10 }],
  ]);
});

Deno.test("LeaderboardState.toggle starts from the default points and keeps colours", async () => {
  const { state } = world();
  await state.refresh();
  const before = new Map(state.chosen.value);
  assert.equal(before.size, 4);
  state.toggle("d1_0.6-d2_0.6");
  assert.equal(state.chosen.value.size, 5);
  for (const [key, colour] of before) {
    assert.equal(state.chosen.value.get(key), colour);
  }
});
