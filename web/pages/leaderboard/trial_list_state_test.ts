import assert from "node:assert/strict";
import { signal } from "@preact/signals";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import { epochMetrics } from "../../../testing/lease/fixtures.ts";
import { seedLeaderboard } from "../../../tests/browser/fixture_leaderboard.ts";
import { trialsOf } from "../../../tests/browser/fixture_trial.ts";
import type { TrialsQuery } from "../../api.ts";
import { createTrialList, TRIALS_A_PAGE } from "./trial_list_state.ts";
import { defaultViewState } from "./view_state.ts";

function world() {
  const board = seedLeaderboard("running");
  const leaderboard = signal<Leaderboard | null>(null);
  const view = signal(defaultViewState);
  const asked: TrialsQuery[] = [];
  const trials = trialsOf(board);
  const list = createTrialList({
    trials: (_, query) => {
      asked.push(query);
      const wanted = trials.filter(({ state }) =>
        query.state === null || state === query.state
      );
      const value = {
        trials: wanted.slice(query.offset, query.offset + query.limit),
        total: wanted.length,
      };
      return Promise.resolve({ value, etag: null });
    },
  }, { view, leaderboard });
  return { list, view, leaderboard, board, asked };
}

Deno.test("createTrialList fetches nothing before there is a study", async () => {
  const { list, asked } = world();
  await list.refresh();
  assert.deepEqual(asked, []);
  assert.equal(list.item.value, null);
});

Deno.test("createTrialList fetches again when the view selects other trials", async () => {
  const { list, view, leaderboard, board, asked } = world();
  leaderboard.value = board;
  await list.refresh();
  assert.equal(list.item.value?.trials.length, TRIALS_A_PAGE);
  view.value = { ...view.value, metric: "testLoss" };
  assert.equal(asked.length, 1, "that is about the heatmap");
  view.value = { ...view.value, trials: "leased", trialsPage: 2 };
  assert.deepEqual(asked[1], {
    state: "leased",
    order: "latest",
    limit: TRIALS_A_PAGE,
    offset: TRIALS_A_PAGE,
  });
});

Deno.test("TrialListState.take advances a trial of the list, never back", async () => {
  const { list, view, leaderboard, board } = world();
  leaderboard.value = board;
  view.value = { ...view.value, trials: "leased" };
  await list.refresh();
  const [trial] = list.item.value?.trials ?? [];
  assert.ok(trial !== undefined);
  const report = (epoch: number) =>
    list.take({
      type: "epoch",
      trialId: trial.trialId,
      params: trial.params,
      replicate: trial.replicate,
      metrics: epochMetrics(epoch),
    });
  report(3);
  assert.equal(list.item.value?.trials[0]?.epochsDone, 3);
  report(2);
  assert.equal(list.item.value.trials[0]?.epochsDone, 3);
});
