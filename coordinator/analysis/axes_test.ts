import assert from "node:assert/strict";
// @ts-types="@types/papaparse"
import Papa from "papaparse";
import { WorkerId } from "../../protocol/ids.ts";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import { rankedMetrics } from "../../protocol/metrics.ts";
import {
  analyserOf,
  progressOf,
  type ReferenceStudy,
} from "../../testing/studies/reference_study.ts";
import { drawnStudy } from "../../testing/studies/square_study.ts";
import { leaderboardText } from "../cli/terminal/leaderboard_text.ts";
import { createAnalyst } from "../threads/analyst.ts";
import { leaderboardCsv, trialsCsv } from "./csv.ts";

/** Studies that vary other fields than the two rates. */
function study(searchSpace: unknown, recipe = {}): ReferenceStudy {
  const title = { en: "Other axes", zh: "其他轴" };
  return drawnStudy({ id: "axes", title, searchSpace, replicates: 4, recipe });
}

function boardOf(of: ReferenceStudy): Leaderboard {
  const total = of.trials.length;
  return analyserOf(of).leaderboard(progressOf(total, total), 1);
}

const learningRates = () =>
  study({ grid: { learningRate: [0.5, 0.00005, 0.05] } });

const sizes = () =>
  study({ grid: { hiddenSizes: [[256, 256], [64, 32], [64, 128]] } });

const epochs = () => study({ grid: { epochs: [3, 8] } });

const rateAndStep = () =>
  study({ grid: { dropout1: [0, 0.5], learningRate: [0.1, 0.5] } });

const boards = { learningRates, sizes, epochs, rateAndStep };

for (const [name, make] of Object.entries(boards)) {
  Deno.test(`other axes, ${name}: rows and probabilities, no claims about rates`, () => {
    const board = boardOf(make());
    assert.deepEqual(Leaderboard.parse(board), board);
    assert.deepEqual(board.verdicts, []);
    assert.deepEqual(board.swaps, []);
    assert.deepEqual(board.remarks, []);
    for (const metric of rankedMetrics) {
      const sum = board.rows.reduce(
        (total, { probabilityBest }) =>
          total + (probabilityBest[metric] ?? NaN),
        0,
      );
      assert.ok(Math.abs(sum - 1) < 1e-4, metric);
    }
  });

  Deno.test(`other axes, ${name}: the summary names the best by each metric, in both languages`, () => {
    const { summary, rows } = boardOf(make());
    const numbers = (text: string) => text.match(/-?\d+(\.\d+)?/g)?.sort();
    assert.deepEqual(numbers(summary.en), numbers(summary.zh));
    for (
      const phrase of [
        "final training loss",
        "training loss with dropout off",
        "test loss",
        "test accuracy",
      ]
    ) {
      assert.match(
        summary.en,
        new RegExp(
          `Best mean ${phrase} .*: [\\d.]+%? \\[.*\\] at .*, the best of ` +
            `all points with probability `,
        ),
      );
    }
    const best = rows[0]?.metrics.trainLoss.mean?.toFixed(4) ?? "none";
    assert.ok(summary.en.includes(best), summary.en);
    assert.doesNotMatch(summary.en, /both rates|undefined|NaN|\[object/);
  });

  Deno.test(`other axes, ${name}: the terminal has a column for each axis and no heatmap`, () => {
    const board = boardOf(make());
    for (const language of ["en", "zh"] as const) {
      const text = leaderboardText(board, {
        colour: false,
        columns: 80,
        language,
      });
      assert.ok(!text.includes("dropout1 down"));
      assert.ok(!text.includes("undefined"));
    }
  });
}

Deno.test("axes: they are in the table's order, and rows are sorted by them", () => {
  const { definition, trials } = rateAndStep();
  const none = analyserOf({ definition, trials, results: new Map() }, 0)
    .leaderboard(progressOf(16, 0), 0);
  assert.deepEqual(none.study.axes, ["dropout1", "learningRate"]);
  assert.deepEqual(
    none.rows.map(({ params }) => [params.dropout1, params.learningRate]),
    [[0, 0.1], [0, 0.5], [0.5, 0.1], [0.5, 0.5]],
  );
  const list = sizes();
  const unrun = analyserOf({ ...list, results: new Map() }, 0)
    .leaderboard(progressOf(12, 0), 0);
  assert.deepEqual(unrun.rows.map(({ params }) => params.hiddenSizes), [
    [64, 32],
    [64, 128],
    [256, 256],
  ]);
});

Deno.test("axes: rows have figures by replicate if there is one axis, which is drawn", () => {
  for (const { byReplicate, metrics } of boardOf(learningRates()).rows) {
    const values = (byReplicate?.trainLoss ?? []).map((value) => value ?? NaN);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    assert.equal(values.length, 4);
    assert.ok(Math.abs(mean - (metrics.trainLoss.mean ?? NaN)) < 2e-6);
  }
  for (const row of boardOf(rateAndStep()).rows) {
    assert.ok(!("byReplicate" in row));
  }
});

Deno.test("axes: curves are as long as each point's epochs", () => {
  const { rows, summary } = boardOf(epochs());
  for (const { params, curves, curveSds, metrics } of rows) {
    assert.equal(curves.trainLoss.length, params.epochs);
    assert.equal(curveSds.testAccuracy.length, params.epochs);
    assert.equal(curves.trainLoss.at(-1), metrics.trainLoss.mean);
  }
  assert.doesNotMatch(summary.en, /10 epochs/);
});

Deno.test("CSV: a column for each axis, with unrounded values", () => {
  const read = (text: string) =>
    Papa.parse<Record<string, string>>(text, {
      header: true,
      skipEmptyLines: true,
    }).data;
  const rates = read(leaderboardCsv(boardOf(learningRates())));
  assert.deepEqual(rates.map((row) => row["learningRate"]).toSorted(), [
    "0.00005",
    "0.05",
    "0.5",
  ]);
  assert.ok(!("dropout1" in (rates[0] ?? {})));
  const lists = read(leaderboardCsv(boardOf(sizes())));
  assert.equal(lists.filter((row) => row["hiddenSizes"] === "64x32").length, 1);
  const writer = trialsCsv(["dropout1", "learningRate"]);
  assert.match(writer.head, /^trialId,dropout1,learningRate,replicate,state,/);
});

Deno.test("the terminal: a column for each axis", () => {
  const text = leaderboardText(boardOf(rateAndStep()), {
    colour: false,
    columns: 80,
    language: "en",
  });
  assert.match(text, /^dropout 1 +learning rate +runs +train loss /m);
  assert.match(text, /^0\.5 +0\.1 +4\/4 /m);
});

Deno.test("deviations: only results of the same grid point are compared", async () => {
  const { definition, trials, results } = learningRates();
  const analyst = createAnalyst();
  const workers = [1, 2, 3].map((n) =>
    WorkerId.parse(`00000000-0000-4000-8000-00000000000${n}`)
  );
  const values = [...new Set(trials.map(({ params }) => params.learningRate))];
  await analyst.tell({
    definition,
    anew: true,
    more: false,
    // Each worker trains one learning rate, all replicates of it.
    trials: trials.map((spec, position) => ({
      spec,
      position,
      planned: true,
      state: "completed",
      result: results.get(spec.trialId) ?? null,
      workerId: workers[values.indexOf(spec.params.learningRate)] ?? null,
    })),
  });
  const { workers: found } = await analyst.deviations(definition.id);
  assert.equal(found.size, 0);
});
