import { ratesOf } from "../protocol/grid_point.ts";
import assert from "node:assert/strict";
import {
  type Comparison,
  type Estimate,
  Leaderboard,
  type MetricName,
  type Verdict,
} from "../protocol/leaderboard.ts";
import type { Params } from "../protocol/study.ts";
import { SampleStudy } from "../web/pages/lesson/study_source.ts";
import { pytorch, slopeOf } from "./golden/contrasts.ts";
import { referencePoints } from "./golden/reference.ts";

/**
 * docs/findings.md in both languages against the committed sample and the
 * PyTorch figures: its tables are those of the data, its quotations the
 * verdicts' own words, and no other number stands in it that is not theirs.
 */

const root = new URL("../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, root));

const sample = Leaderboard.parse(
  JSON.parse(await read("docs/samples/seed.json")),
);
const { about } = SampleStudy.parse({
  about: JSON.parse(await read("docs/samples/seed.about.json")),
  leaderboard: sample,
});

const languages = ["en", "zh"] as const;
type Language = typeof languages[number];
const paths = { en: "docs/findings.md", zh: "docs/findings.zh-CN.md" } as const;

/** Line breaks and runs of blanks mean nothing in Markdown. */
const flat = (text: string) => text.replaceAll(/\s+/g, " ").trim();
const label = (params: Params) => `(${params.dropout1}, ${params.dropout2})`;
const four = (value: number | null) => (value ?? NaN).toFixed(4);
const interval = ({ mean, low, high }: Estimate) =>
  `${four(mean)} [${four(low)}, ${four(high)}]`;
const spread = ({ mean, sd }: Pick<Estimate, "mean" | "sd">) =>
  `${four(mean)} ± ${four(sd)}`;

function verdict(claimId: string): Verdict {
  const found = sample.verdicts.find((one) => one.claimId === claimId);
  assert.ok(found !== undefined, claimId);
  return found;
}

const referenceOf = (params: Params) =>
  referencePoints.find((point) => label(point) === label(params))?.final;

/** The rows of a document's tables, heads and rules left out. */
function tables(text: string): string[][] {
  const blocks = text.match(/(?:^\|.*\n)+/gm) ?? [];
  return blocks.map((block) =>
    block.trim().split("\n").slice(2).map((row) =>
      flat(row.replaceAll(/^\||\|$/g, "")).split(" | ").map(flat).join(" | ")
    )
  );
}

/** The document's quotations, each as one line. */
function quotations(text: string): string[] {
  const blocks = text.match(/(?:^>.*\n)+/gm) ?? [];
  return blocks.map((block) => flat(block.replaceAll(/^> ?/gm, "")));
}

/** Without what the other tests hold to the data, and without names. */
function proseOf(text: string, language: Language): string {
  const left = flat(
    text
      .replaceAll(/^```[\s\S]*?^```/gm, "")
      .replaceAll(/^[|>].*$/gm, "")
      .replaceAll(/^#+ \d+\. /gm, "# ")
      .replaceAll(/\]\([^)]*\)/g, "]"),
  );
  const names = [
    ...sample.remarks.map(({ words }) => flat(words[language])),
    `Deno ${about.deno}`,
    `TensorFlow.js ${about.tensorflow}`,
    about.committed,
    "PyTorch 1.13 ",
    "d2l",
    "95%",
  ];
  return names.reduce((rest, name) => rest.replaceAll(name, ""), left)
    .replaceAll(/`[^`]*`/g, "");
}

/** Largest distance between our means of training loss and PyTorch's. */
const largestDistance = Math.max(
  ...sample.rows.flatMap(({ params, metrics }) => {
    const reference = referenceOf(params);
    return reference === undefined ? [] : [
      Math.abs((metrics.trainLoss.mean ?? NaN) - reference.trainLoss.mean),
    ];
  }),
);

/** The same slope as PyTorch's, over the points that it has. */
const ourSlope = slopeOf(
  sample.rows.flatMap(({ params, metrics }) =>
    referenceOf(params) === undefined
      ? []
      : [{ params, mean: metrics.trainLoss.mean ?? NaN }]
  ),
);

const agreeing = (agreement: string) =>
  sample.remarks.filter((remark) => remark.agreement === agreement).length;

/** Whole numbers that the prose may name. */
const counts = new Set([
  sample.rows.length,
  sample.study.replicates,
  sample.progress.total,
  sample.remarks.length,
  ...["agrees", "disagrees", "open"].map(agreeing),
  // The value that an interval contains or not.
  0,
]);

/** Decimals that the prose may name. */
const figures: readonly number[] = [
  largestDistance,
  pytorch.slope,
  ourSlope,
  ...[...Object.values(pytorch.leads), ...Object.values(pytorch.pair)]
    .flatMap(({ mean, low, high }) => [mean, low, high]),
  ...sample.remarks.flatMap(({ reported }) => reported ?? []),
  ...sample.verdicts.flatMap(({ effect, facts, comparisons }) => [
    ...effect === null
      ? []
      : [effect.estimate, effect.low, effect.high, effect.margin].flatMap((n) =>
        n ?? []
      ),
    ...Object.values(facts).filter((value) => !Number.isInteger(value)),
    ...comparisons.flatMap(({ difference }) => difference.mean ?? []),
  ]),
  ...sample.rows.flatMap(({ params, metrics }) => [
    ...Object.values(ratesOf(params)),
    ...(["trainLoss", "testLoss", "testAccuracy"] as const).flatMap((name) => {
      const { mean, sd } = metrics[name];
      return [mean, sd].flatMap((value) => value ?? []);
    }),
  ]),
];

function isKnown(number: string): boolean {
  const places = number.split(".")[1]?.length ?? 0;
  if (places === 0) return counts.has(Number(number));
  // So many figures rounded to two places would cover nearly every number.
  return figures.map(Math.abs).some((figure) =>
    places < 3 ? figure === Number(number) : figure.toFixed(places) === number
  );
}

for (const language of languages) {
  const path = paths[language];
  const text = await read(path);

  Deno.test(`${path} quotes the summary and every verdict in its own words`, () => {
    const join = (verdict: Verdict) =>
      [verdict.headline, verdict.evidence, verdict.caution]
        .map((words) => words[language]).join(language === "en" ? " " : "");
    assert.deepEqual(quotations(text), [
      flat(sample.summary[language]),
      ...sample.verdicts.map((verdict) => flat(join(verdict))),
    ]);
  });

  Deno.test(`${path} has the pairs, the points and PyTorch's of the data`, () => {
    const [pairs, points, pytorch, ...others] = tables(text);
    assert.deepEqual(others, []);
    assert.deepEqual(pairs, pairRows());
    assert.deepEqual(
      points,
      sample.rows.map(({ params, metrics, checksPassed, replicatesDone }) =>
        [
          label(params),
          interval(metrics.trainLoss),
          interval(metrics.testLoss),
          interval(metrics.testAccuracy),
          interval(metrics.generalisationGap),
          `${checksPassed} / ${replicatesDone}`,
        ].join(" | ")
      ),
    );
    assert.deepEqual(pytorch, pytorchRows());
    assert.equal(pytorch?.length, referencePoints.length);
  });

  Deno.test(`${path} lists the remarks that disagree`, () => {
    const items = flat(text).split(/ - /).map(flat);
    const disagreeing = sample.remarks.filter((remark) =>
      remark.agreement === "disagrees"
    );
    assert.equal(disagreeing.length, 5);
    for (const { words } of disagreeing) {
      const said = flat(words[language]);
      assert.ok(items.some((item) => item.startsWith(said)), said);
    }
    const quoted = items.filter((item) =>
      sample.remarks.some(({ words }) => item.startsWith(flat(words[language])))
    );
    assert.equal(quoted.length, disagreeing.length);
  });

  Deno.test(`${path} names no number that the data do not have`, () => {
    const prose = proseOf(text, language);
    const known = new Set(sample.rows.map(({ params }) => label(params)));
    const labels = prose.match(/\(0(?:\.\d+)?, 0(?:\.\d+)?\)/g) ?? [];
    assert.ok(labels.length >= 10, `only ${labels.length} points were read`);
    for (const one of labels) assert.ok(known.has(one), one);
    const rest = labels.reduce((left, one) => left.replace(one, ""), prose);
    const numbers = rest.match(/\d+(?:\.\d+)?/g) ?? [];
    assert.ok(numbers.length >= 15, `only ${numbers.length} numbers were read`);
    assert.deepEqual(numbers.filter((number) => !isKnown(number)), []);
  });

  Deno.test(`${path} names what made the sample`, () => {
    const fences = text.match(/^```sh\n([\s\S]*?)^```/m)?.[1]?.trim();
    assert.equal(fences, about.command);
    for (
      const name of [
        `Deno ${about.deno}`,
        `TensorFlow.js ${about.tensorflow}`,
        `\`${about.backend}\``,
        about.committed,
      ]
    ) assert.ok(flat(text).includes(name), name);
  });
}

Deno.test("findings: a number from nowhere would be noticed", () => {
  for (const number of ["0.0268", "0.3652", "15", "0.01"]) {
    assert.ok(isKnown(number), number);
  }
  for (const number of ["0.0269", "0.3654", "16", "0.07", "86.4"]) {
    assert.ok(!isKnown(number), number);
  }
});

Deno.test("findings: what the prose says of signs and ranks holds", () => {
  const comparisons = (claimId: string) => verdict(claimId).comparisons;
  const means = (all: readonly Comparison[]) =>
    all.map(({ difference }) => difference.mean ?? NaN);
  assert.ok(means(comparisons("swap-train-loss")).every((mean) => mean < 0));
  assert.ok(means(comparisons("swap-test-accuracy")).every((mean) => mean > 0));
  const beyond = comparisons("swap-train-loss").filter(({ difference }) =>
    (difference.high ?? NaN) < -(verdict("swap-train-loss").effect?.margin ?? 0)
  );
  assert.equal(beyond.length, 3);
  for (
    const id of [
      "lowest-train-loss-dropout-off",
      "lowest-test-loss",
      "lowest-test-accuracy",
    ]
  ) {
    const effect = verdict(id).effect;
    assert.ok(effect !== null && effect.estimate < 0, id);
    assert.ok((effect.low ?? NaN) < 0 && (effect.high ?? NaN) > 0, id);
  }
  assert.ok((verdict("lowest-train-loss").effect?.low ?? NaN) > 0);
  const ranks = (metric: MetricName, sign: 1 | -1) =>
    sample.rows.toSorted((a, b) =>
      sign * ((a.metrics[metric].mean ?? 0) - (b.metrics[metric].mean ?? 0))
    ).map((row) => label(row.params));
  const orders = [
    ranks("trainLoss", 1),
    ranks("trainLossDropoutOff", 1),
    ranks("testLoss", 1),
    ranks("testAccuracy", -1),
  ];
  assert.ok(orders.every(([best]) => best !== "(0, 0)"));
  for (const [i, order] of orders.entries()) {
    if (i === 1) continue;
    assert.deepEqual(order.slice(-2).toSorted(), ["(0.8, 0.3)", "(0.8, 0.5)"]);
  }
  assert.deepEqual([orders[2]?.[0], orders[3]?.[0]], [
    "(0.1, 0.3)",
    "(0.1, 0.3)",
  ]);
  const theirs = (metric: "testLoss" | "testAccuracy", sign: 1 | -1) =>
    referencePoints.toSorted((a, b) =>
      sign * (a.final[metric].mean - b.final[metric].mean)
    )[0];
  for (const best of [theirs("testLoss", 1), theirs("testAccuracy", -1)]) {
    assert.equal(best === undefined ? "" : label(best), "(0.2, 0.2)");
  }
});

function pairRows(): string[] {
  const accuracy = verdict("swap-test-accuracy").comparisons;
  return verdict("swap-train-loss").comparisons.map((comparison) => {
    const [first] = comparison.first;
    const [second] = comparison.second;
    assert.ok(first !== undefined && second !== undefined);
    const other = accuracy.find((one) =>
      one.first.some((params) => label(params) === label(first))
    );
    assert.ok(other !== undefined);
    return [
      `${label(first)}, ${label(second)}`,
      interval(comparison.difference),
      interval(other.difference),
    ].join(" | ");
  });
}

function pytorchRows(): string[] {
  return sample.rows.flatMap(({ params, metrics }) => {
    const reference = referenceOf(params);
    if (reference === undefined) return [];
    return [
      [
        label(params),
        ...(["trainLoss", "testLoss", "testAccuracy"] as const).flatMap(
          (name) => [spread(metrics[name]), spread(reference[name])],
        ),
      ].join(" | "),
    ];
  });
}
