import assert from "node:assert/strict";
import { TrialId } from "../../protocol/ids.ts";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import { gridStudy } from "../study/builtin.ts";
import { planStudy } from "../study/plan.ts";
import { createAnalyser } from "./analyser.ts";
import {
  analyserOf,
  progressOf,
  referenceStudy,
} from "../../testing/studies/reference_study.ts";

const queued = { state: "queued", result: null } as const;

Deno.test("createAnalyser: a finished study fits the protocol's schema", () => {
  const board = analyserOf(referenceStudy()).leaderboard(progressOf(45, 45), 9);
  assert.deepEqual(Leaderboard.parse(board), board);
  assert.equal(board.revision, 9);
  assert.equal(board.rows.length, 15);
  assert.deepEqual(
    board.verdicts.map(({ claimId }) => claimId),
    [
      "high-rates",
      "lowest-train-loss",
      "lowest-train-loss-dropout-off",
      "lowest-test-loss",
      "lowest-test-accuracy",
      "swap",
      "swap-train-loss",
      "swap-test-accuracy",
      "order-train-loss",
      "order-test-accuracy",
    ],
  );
});

Deno.test("createAnalyser: gives a valid leaderboard without any result", () => {
  const { definition, trials } = referenceStudy();
  const board = createAnalyser(definition, trials)
    .leaderboard(progressOf(45, 0), 0);
  Leaderboard.parse(board);
  assert.ok(board.verdicts.every(({ provisional }) => provisional));
  assert.ok(
    board.rows.every(({ probabilityBest: { trainLoss } }) =>
      trainLoss === null
    ),
  );
});

Deno.test("createAnalyser: JSON of a leaderboard reads back the same", () => {
  const study = referenceStudy({ replicates: 5 });
  const board = analyserOf(study, 40).leaderboard(progressOf(75, 40), 1);
  assert.deepEqual(Leaderboard.parse(JSON.parse(JSON.stringify(board))), board);
});

Deno.test("createAnalyser: step by step or at once, the leaderboard is the same", () => {
  const study = referenceStudy();
  const progress = progressOf(45, 45);
  const atOnce = analyserOf(study).leaderboard(progress, 1);
  const stepwise = createAnalyser(study.definition, study.trials);
  for (const { trialId } of [...study.trials].reverse()) {
    stepwise.set(trialId, { state: "leased", result: null });
    stepwise.leaderboard(progress, 1);
    const result = study.results.get(trialId) ?? null;
    stepwise.set(trialId, { state: "completed", result });
  }
  assert.deepEqual(stepwise.leaderboard(progress, 1), atOnce);
});

Deno.test("createAnalyser: a withdrawn result no longer counts", () => {
  const study = referenceStudy();
  const analyser = analyserOf(study);
  analyser.leaderboard(progressOf(45, 45), 1);
  const [first] = study.trials;
  assert.ok(first);
  analyser.set(first.trialId, queued);
  const later = createAnalyser(study.definition, study.trials);
  for (const { trialId } of study.trials.slice(1)) {
    const result = study.results.get(trialId) ?? null;
    later.set(trialId, { state: "completed", result });
  }
  const progress = progressOf(45, 44);
  assert.deepEqual(
    analyser.leaderboard(progress, 2),
    later.leaderboard(progress, 2),
  );
});

Deno.test("createAnalyser: verdicts are provisional until every planned trial is complete", () => {
  const study = referenceStudy();
  const provisional = (count: number, quarantined = 0) =>
    analyserOf(study, count)
      .leaderboard(progressOf(45, count, quarantined), 1)
      .verdicts.map((verdict) => verdict.provisional);
  assert.ok(provisional(44).every((flag) => flag));
  assert.ok(provisional(45).every((flag) => !flag));
  // A quarantined trial will get no result.
  assert.ok(provisional(44, 1).every((flag) => !flag));
});

Deno.test("createAnalyser: orders rows by final training loss and counts running trials", () => {
  const study = referenceStudy();
  const analyser = analyserOf(study, 15);
  const next = study.trials[15];
  assert.ok(next);
  analyser.set(next.trialId, { state: "leased", result: null });
  const { rows } = analyser.leaderboard(progressOf(45, 15), 1);
  const losses = rows.map(({ metrics }) => metrics.trainLoss.mean ?? NaN);
  assert.deepEqual(losses, [...losses].sort((a, b) => a - b));
  const running = rows.filter(({ replicatesRunning }) => replicatesRunning > 0);
  assert.deepEqual(running.map(({ params }) => params), [next.params]);
});

Deno.test("createAnalyser: the probabilities of being best add up to one", () => {
  const { rows } = analyserOf(referenceStudy())
    .leaderboard(progressOf(45, 45), 1);
  const metrics = [
    "trainLoss",
    "trainLossDropoutOff",
    "testLoss",
    "testAccuracy",
  ] as const;
  for (const metric of metrics) {
    const sum = rows.reduce(
      (total, { probabilityBest }) => total + (probabilityBest[metric] ?? NaN),
      0,
    );
    assert.ok(Math.abs(sum - 1) < 1e-4, metric);
  }
  const worst = rows.at(-1)?.probabilityBest.trainLoss ?? 1;
  assert.ok(worst < 0.001);
});

Deno.test("createAnalyser: a point that diverged once ranks last and is never the best", () => {
  const study = referenceStudy();
  const analyser = analyserOf(study);
  const trial = study.trials.find(({ params, replicate }) =>
    params.dropout1 === 0.02 && params.dropout2 === 0.02 && replicate === 1
  );
  assert.ok(trial);
  analyser.set(trial.trialId, queued);
  analyser.set(trial.trialId, {
    state: "completed",
    result: {
      outcome: "diverged",
      epochs: [],
      backend: "cpu",
      seconds: 1,
      divergedAtEpoch: 1,
    },
  });
  const { rows, summary } = analyser.leaderboard(progressOf(45, 45), 1);
  const last = rows.at(-1);
  assert.deepEqual(last?.params, { dropout1: 0.02, dropout2: 0.02 });
  assert.equal(last?.diverged, 1);
  assert.equal(last?.replicatesDone, 3);
  assert.equal(last?.metrics.trainLoss.n, 2);
  assert.equal(last?.probabilityBest.trainLoss, 0);
  assert.match(summary.en, /diverged at \(0\.02, 0\.02\)/);
});

Deno.test("createAnalyser: a study with one replicate per point has no verdict", () => {
  const { definition, trials } = planStudy(gridStudy);
  const analyser = createAnalyser(definition, trials);
  const source = [...referenceStudy().results.values()];
  trials.forEach(({ trialId }, index) =>
    analyser.set(trialId, {
      state: "completed",
      result: source[index % source.length] ?? null,
    })
  );
  const board = analyser.leaderboard(progressOf(100, 100), 1);
  Leaderboard.parse(board);
  for (const { claimId, verdict, caution } of board.verdicts) {
    assert.equal(verdict, "not-enough-evidence", claimId);
    assert.match(caution.en, /A spread takes at least 2 replicates/);
  }
});

Deno.test("createAnalyser: refuses a trial that the study did not plan", () => {
  const { definition, trials } = referenceStudy();
  assert.throws(
    () =>
      createAnalyser(definition, trials)
        .set(TrialId.parse("other-00000000-d0-d0-r0"), queued),
    new RangeError(
      "no such trial: other-00000000-d0-d0-r0; study seed did not plan it",
    ),
  );
});
