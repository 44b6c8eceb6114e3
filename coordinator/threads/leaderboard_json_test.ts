import assert from "node:assert/strict";
import {
  analyserOf,
  progressOf,
  referenceStudy,
} from "../../testing/studies/reference_study.ts";
import type { Leaderboard } from "../../protocol/leaderboard.ts";
import { leaderboardJson } from "./leaderboard_json.ts";

const text = (leaderboard: Leaderboard) =>
  new TextDecoder().decode(leaderboardJson(leaderboard));

Deno.test("leaderboardJson writes what JSON.stringify writes, before and after a change", () => {
  const study = referenceStudy({ replicates: 3 });
  const analyser = analyserOf(study);
  const [first] = study.trials;
  assert.ok(first);
  const progress = progressOf(45, 45);
  const before = analyser.leaderboard(progress, 1);
  assert.equal(text(before), JSON.stringify(before));
  analyser.set(first.trialId, { state: "quarantined", result: null });
  const after = analyser.leaderboard(progressOf(45, 44, 1), 2);
  assert.notEqual(JSON.stringify(after.rows), JSON.stringify(before.rows));
  assert.equal(text(after), JSON.stringify(after));
});

Deno.test("leaderboardJson writes a study without a point", () => {
  const { definition, trials } = referenceStudy();
  const board = {
    ...analyserOf({ definition, trials, results: new Map() })
      .leaderboard(progressOf(45, 0), 0),
    rows: [],
  };
  assert.equal(text(board), JSON.stringify(board));
});
