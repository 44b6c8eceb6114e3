import assert from "node:assert/strict";
import stringWidth from "string-width";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import { createAnalyser } from "../../analysis/analyser.ts";
import {
  analyserOf,
  progressOf,
  referenceStudy,
} from "../../../testing/studies/reference_study.ts";
import { gridStudy } from "../../study/builtin.ts";
import { planStudy } from "../../study/plan.ts";
import type { TextStyle } from "./language.ts";
import { leaderboardText } from "./leaderboard_text.ts";

const english: TextStyle = { colour: false, columns: 80, language: "en" };
const chinese: TextStyle = { ...english, language: "zh" };

function board(count = 45): Leaderboard {
  return analyserOf(referenceStudy(), count)
    .leaderboard(progressOf(45, count), 1);
}

/** A study over the grid, with the results of some points only. */
function gridBoard(done: number): Leaderboard {
  const { definition, trials } = planStudy(gridStudy);
  const analyser = createAnalyser(definition, trials);
  const results = [...referenceStudy().results.values()];
  trials.slice(0, done).forEach(({ trialId }, index) =>
    analyser.set(trialId, {
      state: "completed",
      result: results[index % results.length] ?? null,
    })
  );
  return analyser.leaderboard(progressOf(100, done), 1);
}

const legend = "Final training loss; dropout1 down, dropout2 across.";

const widest = (text: string) =>
  Math.max(...text.split("\n").map((line) => stringWidth(line)));

Deno.test("leaderboardText: fits the width in both languages", () => {
  for (const style of [english, chinese]) {
    for (const columns of [60, 80, 120]) {
      for (const shown of [board(), board(17), board(0), gridBoard(60)]) {
        const text = leaderboardText(shown, { ...style, columns });
        assert.ok(widest(text) <= columns, `${columns}: ${widest(text)}`);
      }
    }
  }
});

Deno.test("leaderboardText: 80 columns have room for every column", () => {
  const [, , , head = ""] = leaderboardText(board(), english).split("\n");
  assert.match(
    head,
    /^dropout 1, 2 +runs +train loss +train % +test loss +test % +gap +d2l$/,
  );
});

Deno.test("leaderboardText: a line a point, with the leaderboard's figures", () => {
  const shown = board();
  const lines = leaderboardText(shown, english).split("\n");
  for (const { params, metrics } of shown.rows) {
    const line = lines.find((each) =>
      each.startsWith(`${params.dropout1}, ${params.dropout2} `)
    );
    assert.ok(line, `${params.dropout1}, ${params.dropout2}`);
    const { mean, low, high } = metrics.trainLoss;
    const half = ((high ?? 0) - (low ?? 0)) / 2;
    assert.ok(line.includes(`${mean?.toFixed(3)} ±${half.toFixed(3)}`), line);
  }
});

Deno.test("leaderboardText: one replicate shows no interval", () => {
  const shown = analyserOf(referenceStudy({ replicates: 1 }))
    .leaderboard(progressOf(15, 15), 1);
  const [table = ""] = leaderboardText(shown, english).split("\n±");
  assert.match(table, /0\.\d{3}/);
  assert.ok(!table.includes("±"));
});

Deno.test("leaderboardText: every headline and the summary, unbroken words", () => {
  const shown = board();
  const flat = (text: string) => text.replaceAll(/\s+/g, " ");
  const text = flat(leaderboardText(shown, english));
  for (const { headline, evidence } of shown.verdicts) {
    assert.ok(text.includes(flat(headline.en)), headline.en);
    assert.ok(text.includes(flat(evidence.en)), evidence.en);
  }
  assert.ok(text.includes(flat(shown.summary.en)));
  const han = leaderboardText(shown, chinese).replaceAll(/\s/g, "");
  for (const { headline } of shown.verdicts) {
    assert.ok(han.includes(headline.zh.replaceAll(/\s/g, "")), headline.zh);
  }
});

Deno.test("leaderboardText: a caution that several verdicts share stands once", () => {
  const flat = leaderboardText(board(), english).replaceAll(/\s+/g, " ");
  const shared = "3 replicates leave 2 degrees of freedom";
  assert.equal(flat.split(shared).length, 2);
});

Deno.test("leaderboardText: says that verdicts are provisional while trials run", () => {
  assert.match(leaderboardText(board(30), english), /provisional until every/);
  assert.doesNotMatch(leaderboardText(board(), english), /[Pp]rovisional/);
});

Deno.test("leaderboardText: plain without colour, coloured with, the same text", () => {
  const plain = leaderboardText(board(), english);
  const coloured = leaderboardText(board(), { ...english, colour: true });
  // deno-lint-ignore no-control-regex
  const colours = /\x1b\[\d+m/g;
  assert.ok(!plain.includes("\x1b"));
  assert.match(coloured, colours);
  assert.equal(coloured.replaceAll(colours, ""), plain);
});

/** A study of these points, of which none has run. */
function scattered(points: readonly (readonly [number, number])[]) {
  const { definition, trials } = planStudy({
    ...gridStudy,
    searchSpace: {
      points: points.map(([dropout1, dropout2]) => ({ dropout1, dropout2 })),
    },
  });
  return createAnalyser(definition, trials)
    .leaderboard(progressOf(trials.length, 0), 0);
}

Deno.test("leaderboardText: a heatmap of the seed's points, none of scattered ones", () => {
  const lines = leaderboardText(board(), english).split("\n");
  const end = lines.findIndex((line) => line.startsWith(legend));
  const [head = "", ...map] = lines.slice(end - 11, end);
  assert.match(head, /^ +0 +0\.02 +0\.05 +0\.1 .* 0\.8$/);
  assert.equal(map.length, 10);
  // Every point once, and those that fail d2l's check say so.
  assert.equal(map.join("").match(/ \.\d\d/g)?.length, 15);
  assert.match(map.at(-1) ?? "", /^ +0\.8 +\.\d\d! +\.\d\d! *$/);
  const diagonal = [0.1, 0.2, 0.3, 0.4].map((rate) => [rate, rate] as const);
  assert.ok(!leaderboardText(scattered(diagonal), english).includes(legend));
});

Deno.test("leaderboardText: a heatmap of a grid, with what has not run", () => {
  const lines = leaderboardText(gridBoard(60), english).split("\n");
  const end = lines.findIndex((line) => line.startsWith(legend));
  const map = lines.slice(end - 11, end);
  assert.equal(map.length, 11);
  assert.match(map[0] ?? "", /^ +0 +0\.1 +0\.2 .* 0\.9$/);
  assert.match(map[1] ?? "", /^ +0( +\.\d\d!?){10}$/);
  // The second half of the grid has not run.
  assert.match(map[10] ?? "", /^ +0\.9( +\.){10}$/);
});

Deno.test("leaderboardText: thousands of points do not flood the terminal", () => {
  const rates = Array.from({ length: 50 }, (_, index) => index / 50);
  const { definition, trials } = planStudy({
    ...gridStudy,
    searchSpace: { grid: { dropout1: rates, dropout2: rates } },
  });
  const shown = createAnalyser(definition, trials)
    .leaderboard(progressOf(2500, 0), 0);
  const text = leaderboardText(shown, english);
  assert.ok(text.split("\n").length < 90);
  assert.match(text, /2460 more points/);
});

Deno.test("leaderboardText: a point that diverged shows no mean", () => {
  const study = referenceStudy();
  const analyser = analyserOf(study, 44);
  const last = study.trials[44];
  assert.ok(last);
  analyser.set(last.trialId, {
    state: "completed",
    result: {
      outcome: "diverged",
      epochs: [],
      backend: "cpu",
      seconds: 1,
      divergedAtEpoch: 1,
    },
  });
  const text = leaderboardText(
    analyser.leaderboard(progressOf(45, 45), 1),
    english,
  );
  assert.match(text, /^0, 0 +3\/3 +x 1 /m);
  assert.match(text, /x replicates that diverged/);
});
