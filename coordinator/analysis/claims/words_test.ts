import { ratesOf } from "../../../protocol/grid_point.ts";
import assert from "node:assert/strict";
import {
  Leaderboard,
  type SeedRemark,
  type Verdict,
} from "../../../protocol/leaderboard.ts";
import type { Text } from "../../../protocol/study.ts";
import type { TrialResult } from "../../../protocol/training.ts";
import { createAnalyser } from "../analyser.ts";
import {
  analyserOf,
  progressOf,
  type ReferenceStudy,
  referenceStudy,
} from "../../../testing/studies/reference_study.ts";

/** Numbers as they stand in a text; `d2l` is a name. */
function numbersIn(text: string): string[] {
  return text.match(/(?<![\w.])-?\d+(?:\.\d+)?/g) ?? [];
}

/** Every number in a value, however deep. */
function leaves(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(leaves);
}

/** Whether the printed number is some value, or its percentage, rounded. */
function isRounded(printed: string, values: readonly number[]): boolean {
  const decimals = printed.split(".")[1]?.length ?? 0;
  // A six-decimal value may itself be rounded: hence the millionth.
  const slack = 0.5 * 10 ** -decimals + 1.1e-6;
  return values.some((value) =>
    Math.abs(value - Number(printed)) <= slack ||
    Math.abs(100 * value - Number(printed)) <= slack + 1e-4
  );
}

/** Numbers of a sentence that are in none of the values, signs aside. */
function strangers(text: string, values: readonly number[]): string[] {
  const known = values.flatMap((value) => [value, -value]);
  return numbersIn(text).filter((printed) =>
    !isRounded(printed, known) &&
    // Open ends: p < 0.001, > 99%, < 1%.
    !new RegExp(`[<>] ${printed.replace(".", "\\.")}`).test(text)
  );
}

/** All that a verdict's words may quote: its own numbers and points' rates. */
function quotable(verdict: Verdict, board: Leaderboard): number[] {
  const { effect, replicates, pAdjusted, moreReplicates, facts } = verdict;
  const rates = board.rows.flatMap(({ params }) => leaves(params));
  return [
    ...leaves([effect, replicates, pAdjusted, moreReplicates, facts]),
    ...rates,
  ];
}

function quotableOfRemark(remark: SeedRemark): number[] {
  const { says: _, words: __, ...figures } = remark;
  const { n, mean } = figures.measured;
  // The share of replicates that fail a check, as a count; d2l's limit.
  return [...leaves(figures), (mean ?? 0) * n, 0.5, 0.95];
}

/** The study's own numbers, and the best loss and accuracy of the rows. */
function quotableInSummary(board: Leaderboard): number[] {
  const { study, progress, rows, verdicts } = board;
  const best = (name: "trainLoss" | "testAccuracy", sign: 1 | -1) =>
    rows.filter(({ diverged }) => diverged === 0)
      .map(({ metrics }) => metrics[name].mean)
      .filter((mean) => mean !== null)
      .toSorted((a, b) => sign * (a - b)).slice(0, 1);
  return [
    ...leaves([study, progress]),
    rows.length,
    ...rows.flatMap(({ params }) => leaves(params)),
    ...best("trainLoss", 1),
    ...best("testAccuracy", -1),
    rows.filter(({ diverged }) => diverged > 0).length,
    ...leaves(verdicts[0]?.effect),
    ...leaves(verdicts[0]?.facts),
  ];
}

const wordsOf = ({ headline, evidence, caution }: Verdict): Text[] => [
  headline,
  evidence,
  caution,
];

function withResults(
  study: ReferenceStudy,
  change: (result: TrialResult, index: number) => TrialResult | null,
): Leaderboard {
  const { definition, trials, results } = study;
  const analyser = createAnalyser(definition, trials);
  let quarantined = 0;
  trials.forEach(({ trialId }, index) => {
    const drawn = results.get(trialId);
    const result = drawn === undefined ? null : change(drawn, index);
    if (result === null) quarantined += 1;
    analyser.set(trialId, {
      state: result === null ? "quarantined" : "completed",
      result,
    });
  });
  const done = trials.length - quarantined;
  return analyser.leaderboard(progressOf(trials.length, done, quarantined), 1);
}

const diverge = (result: TrialResult): TrialResult => ({
  outcome: "diverged",
  epochs: result.epochs.slice(0, 3),
  backend: result.backend,
  seconds: result.seconds,
  divergedAtEpoch: 4,
});

/** The finished study that the documents show. */
const sample = new URL("../../../docs/samples/seed.json", import.meta.url);

/** Studies in every state that the words tell apart. */
const boards: readonly (readonly [string, () => Leaderboard])[] = [
  ...[1, 2, 3, 5, 10].map((replicates) =>
    [`${replicates} replicates`, () => {
      const study = referenceStudy({ replicates }, replicates);
      const total = study.trials.length;
      return analyserOf(study).leaderboard(progressOf(total, total), 1);
    }] as const
  ),
  ...[0, 7, 15, 31].map((count) =>
    [`${count} of 45 trials`, () =>
      analyserOf(referenceStudy(), count)
        .leaderboard(progressOf(45, count), 1)] as const
  ),
  ["points that diverged", () =>
    withResults(
      referenceStudy({ replicates: 5 }),
      (result, index) => [2, 12, 17].includes(index) ? diverge(result) : result,
    )],
  ["low points that diverged", () =>
    withResults(
      referenceStudy({ replicates: 5 }),
      (result, index) => index === 7 ? diverge(result) : result,
    )],
  ["everything diverged", () => withResults(referenceStudy(), diverge)],
  ["quarantined trials", () =>
    withResults(
      referenceStudy({ replicates: 4 }),
      (result, index) => [3, 20].includes(index) ? null : result,
    )],
  [
    "the sample in docs/samples",
    () => Leaderboard.parse(JSON.parse(Deno.readTextFileSync(sample))),
  ],
  ["a single pair", () => {
    const study = referenceStudy({
      points: [
        { dropout1: 0.2, dropout2: 0.5 },
        { dropout1: 0.5, dropout2: 0.2 },
      ],
      replicates: 20,
    });
    return analyserOf(study).leaderboard(progressOf(40, 40), 1);
  }],
];

for (const [name, make] of boards) {
  Deno.test(`verdicts' words: every number is in the verdict, ${name}`, () => {
    const board = make();
    let seen = 0;
    for (const verdict of board.verdicts) {
      const values = quotable(verdict, board);
      for (const { en, zh } of wordsOf(verdict)) {
        assert.deepEqual(
          strangers(en, values),
          [],
          `${verdict.claimId}: ${en}`,
        );
        assert.deepEqual(
          strangers(zh, values),
          [],
          `${verdict.claimId}: ${zh}`,
        );
        seen += numbersIn(en).length;
      }
    }
    assert.ok(seen > 10);
  });

  Deno.test(`verdicts' words: both languages quote the same numbers, ${name}`, () => {
    const board = make();
    const texts = [
      ...board.verdicts.flatMap(wordsOf),
      ...board.remarks.flatMap(({ says, words }) => [says, words]),
      board.summary,
    ];
    for (const { en, zh } of texts) {
      assert.deepEqual(numbersIn(en).sort(), numbersIn(zh).sort(), en + zh);
    }
  });

  Deno.test(`remarks' words and the summary: every number is in the data, ${name}`, () => {
    const board = make();
    for (const remark of board.remarks) {
      const { says, words } = remark;
      const values = quotableOfRemark(remark);
      for (const text of [says.en, says.zh, words.en, words.zh]) {
        assert.deepEqual(strangers(text, values), [], text);
      }
    }
    const { summary } = board;
    const values = quotableInSummary(board);
    assert.deepEqual(strangers(summary.en, values), [], summary.en);
    assert.deepEqual(strangers(summary.zh, values), [], summary.zh);
  });

  Deno.test(`words: whole sentences without holes, ${name}`, () => {
    const board = make();
    const texts = [
      ...board.verdicts.flatMap(wordsOf),
      ...board.remarks.map(({ words }) => words),
      board.summary,
    ];
    for (const { en, zh } of texts) {
      assert.doesNotMatch(en + zh, /undefined|null|NaN|Infinity|\[object/);
      assert.doesNotMatch(en, /\p{Script=Han}| {2}|\.\.|\(\)/u);
      assert.match(en, /^$|[.]$/);
      assert.match(zh, /^$|[。）]$/);
    }
  });
}

Deno.test("the check of words: detects a changed number", () => {
  const study = referenceStudy({ replicates: 5 });
  const board = analyserOf(study).leaderboard(progressOf(75, 75), 1);
  for (const verdict of board.verdicts) {
    const { effect } = verdict;
    assert.ok(effect);
    const wrong = { ...verdict, effect: { ...effect, estimate: 0.7531 } };
    if (verdict.claimId === "swap") continue; // quotes its parts' effects
    assert.notDeepEqual(
      strangers(verdict.evidence.en, quotable(wrong, board)),
      [],
      verdict.claimId,
    );
  }
});

Deno.test("the check of words: detects an error in any printed figure", () => {
  const study = referenceStudy({ replicates: 5 });
  const board = analyserOf(study).leaderboard(progressOf(75, 75), 1);
  const said: (readonly [string, readonly number[]])[] = [
    ...board.verdicts.flatMap((verdict) =>
      wordsOf(verdict).flatMap(({ en, zh }) =>
        [en, zh].map((text) => [text, quotable(verdict, board)] as const)
      )
    ),
    ...board.remarks.flatMap((remark) =>
      [remark.words.en, remark.words.zh].map((text) =>
        [text, quotableOfRemark(remark)] as const
      )
    ),
    ...[board.summary.en, board.summary.zh].map((text) =>
      [text, quotableInSummary(board)] as const
    ),
  ];
  let [slips, caught] = [0, 0];
  for (const [text, values] of said) {
    for (const printed of numbersIn(text)) {
      const decimals = printed.split(".")[1]?.length ?? 0;
      if (decimals < 2) continue;
      // An error of about two in the last digit but one.
      const slip = (Number(printed) + 2.3 * 10 ** (1 - decimals))
        .toFixed(decimals);
      const signs = values.flatMap((value) => [value, -value]);
      slips += 1;
      caught += Number(!isRounded(slip, signs));
    }
  }
  // A slip may hit another number of the same sentence by chance.
  assert.ok(slips > 200, `${slips}`);
  assert.ok(caught / slips > 0.97, `${caught} of ${slips}`);
});

Deno.test("words: facts of the low rates equal the rows' means", () => {
  const study = referenceStudy({ replicates: 5 });
  const { rows, verdicts } = analyserOf(study)
    .leaderboard(progressOf(75, 75), 1);
  const mean = (d1: number, d2: number) =>
    rows.find(({ params: { dropout1, dropout2 } }) =>
      dropout1 === d1 && dropout2 === d2
    )?.metrics.trainLoss.mean ?? NaN;
  const facts = verdicts.find(({ claimId }) => claimId === "lowest-train-loss")
    ?.facts ?? {};
  const low = (mean(0.02, 0.02) + mean(0.02, 0.05) + mean(0.05, 0.02)) / 3;
  assert.ok(Math.abs((facts["lowMean"] ?? NaN) - low) < 2e-6);
  assert.equal(facts["controlMean"], mean(0, 0));
  assert.equal(
    facts["likeliestProbability"],
    Math.max(
      ...rows.map(({ probabilityBest }) => probabilityBest.trainLoss ?? 0),
    ),
  );
});

Deno.test("words: facts of the trend agree with the rows", () => {
  const study = referenceStudy({ replicates: 3 });
  const { rows, verdicts } = analyserOf(study)
    .leaderboard(progressOf(45, 45), 1);
  const facts = verdicts[0]?.facts ?? {};
  let [comparable, inOrder] = [0, 0];
  for (const a of rows) {
    for (const b of rows) {
      if (a === b) continue;
      if (ratesOf(b.params).dropout1 < ratesOf(a.params).dropout1) continue;
      if (ratesOf(b.params).dropout2 < ratesOf(a.params).dropout2) continue;
      comparable += 1;
      const [lower, higher] = [a, b].map(({ metrics }) =>
        metrics.trainLoss.mean
      );
      if ((higher ?? 0) > (lower ?? 0)) inOrder += 1;
    }
  }
  assert.equal(facts["comparablePairs"], comparable);
  assert.equal(facts["pairsInOrder"], inOrder);
  assert.equal(
    facts["failing"],
    rows.filter(({ metrics: { trainLoss }, checksPassed }) =>
      checksPassed === 0 && (trainLoss.mean ?? 0) > 0.5
    ).length,
  );
});
