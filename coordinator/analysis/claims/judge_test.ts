import { ratesOf } from "../../../protocol/grid_point.ts";
import assert from "node:assert/strict";
import type { VerdictName } from "../../../protocol/leaderboard.ts";
import { byMetric, byRankedMetric } from "../../../protocol/metrics.ts";
import { type BestByMetric, judgeClaims } from "./judge.ts";
import { claimKinds } from "./registry.ts";
import type { Cell, PointData } from "../study_data.ts";

const best: BestByMetric = byRankedMetric(() => []);

/** A replicate with one loss for all losses, and an accuracy to match. */
function cell(loss: number | "diverged" | null): Cell {
  if (loss === null) return { state: "queued", figures: null };
  const fails = loss === "diverged";
  const value = fails ? NaN : loss;
  return {
    state: "completed",
    figures: {
      diverged: fails,
      metrics: {
        ...byMetric(() => 0),
        trainLoss: value,
        trainAccuracy: 1 - value,
        testAccuracy: 1 - value,
        testLoss: value,
        generalisationGap: 0,
        trainLossDropoutOff: value,
        lossArea: value,
        epochsToHalf: 1,
        testAccuracyFluctuation: 0.01,
      },
      passedChecks: value < 0.5,
      passedLossCheck: value < 0.5,
      curves: { trainLoss: [], trainAccuracy: [], testAccuracy: [] },
    },
  };
}

function point(
  [dropout1, dropout2]: readonly [number, number],
  losses: readonly (number | "diverged" | null)[],
): PointData {
  return { params: { dropout1, dropout2 }, cells: losses.map(cell) };
}

/** Five replicates around a mean, with a spread of about 0.001. */
function around(mean: number, turn = 0): number[] {
  const dust = [0.001, -0.0005, 0.0002, -0.0012, 0.0006];
  return dust.map((_, i) => mean + (dust[(i + turn) % dust.length] ?? 0));
}

function verdicts(points: readonly PointData[]): Map<string, VerdictName> {
  return new Map(
    judgeClaims(points, best).map(({ claim, verdict }) => [claim.id, verdict]),
  );
}

function judged(points: readonly PointData[], id: string) {
  const found = judgeClaims(points, best).find(({ claim }) => claim.id === id);
  assert.ok(found, id);
  return found;
}

/** Losses that rise with both rates, the same in either order. */
const rising = [
  point([0.02, 0.02], around(0.3)),
  point([0.2, 0.5], around(0.36, 1)),
  point([0.5, 0.2], around(0.36, 2)),
  point([0.8, 0.8], around(0.52, 3)),
];

Deno.test("judgeClaims: losses that rise with the rates support all claims except the order", () => {
  const found = verdicts(rising);
  assert.equal(found.get("high-rates"), "supported");
  assert.equal(found.get("lowest-train-loss"), "supported");
  assert.equal(found.get("lowest-test-accuracy"), "supported");
  assert.equal(found.get("swap-train-loss"), "supported");
  assert.equal(found.get("swap"), "supported");
  assert.equal(found.get("order-train-loss"), "not-enough-evidence");
});

Deno.test("judgeClaims: losses that fall with the rates contradict the claims about rates", () => {
  const falling = rising.map(({ params, cells }) => ({
    params,
    cells: cells.map(({ figures }) =>
      cell(0.9 - (figures?.metrics.trainLoss ?? 0))
    ),
  }));
  const found = verdicts(falling);
  assert.equal(found.get("high-rates"), "contradicted");
  assert.equal(found.get("lowest-train-loss"), "contradicted");
  assert.equal(found.get("swap"), "supported");
});

Deno.test("judgeClaims: if the order matters, the swap is contradicted and the order settled", () => {
  const found = verdicts([
    point([0.02, 0.02], around(0.3)),
    point([0.2, 0.8], around(0.36, 1)),
    point([0.8, 0.2], around(0.46, 2)),
  ]);
  assert.equal(found.get("swap-train-loss"), "contradicted");
  assert.equal(found.get("swap"), "contradicted");
  assert.equal(found.get("order-train-loss"), "supported");
  assert.equal(found.get("order-test-accuracy"), "supported");
});

Deno.test("judgeClaims: a proven difference inside the margin is no contradiction", () => {
  const points = [
    point([0.2, 0.5], around(0.36, 1)),
    point([0.5, 0.2], around(0.3636, 2)),
    point([0.6, 0.6], around(0.4, 3)),
  ];
  const swap = judged(points, "swap-train-loss");
  assert.equal(swap.verdict, "supported");
  assert.ok(swap.kind === "tested");
  assert.ok(swap.claimKind === claimKinds.swap);
  assert.equal(swap.evidence.facts["differing"], 1);
  assert.equal(swap.evidence.facts["equivalent"], 1);
});

Deno.test("judgeClaims: one replicate is not enough for any verdict", () => {
  const once = rising.map(({ params, cells }) => ({
    params,
    cells: cells.slice(0, 1),
  }));
  for (const entry of judgeClaims(once, best)) {
    assert.equal(entry.verdict, "not-enough-evidence", entry.claim.id);
    assert.equal(entry.pAdjusted, null, entry.claim.id);
    assert.equal(entry.moreReplicates, null, entry.claim.id);
    assert.equal(entry.effect?.low, null, entry.claim.id);
  }
});

Deno.test("judgeClaims: without results there is no effect", () => {
  const none = rising.map(({ params }) => ({ params, cells: [cell(null)] }));
  for (const entry of judgeClaims(none, best)) {
    assert.equal(entry.effect, null, entry.claim.id);
    assert.equal(entry.replicates, 0, entry.claim.id);
  }
});

Deno.test("judgeClaims: claims that the points do not allow are left out", () => {
  const ids = (points: readonly PointData[]) => [...verdicts(points).keys()];
  assert.deepEqual(ids([point([0.2, 0.2], around(0.3))]), []);
  assert.deepEqual(
    ids([point([0.2, 0.5], around(0.3)), point([0.5, 0.2], around(0.3))]),
    [
      "swap",
      "swap-train-loss",
      "swap-test-accuracy",
      "order-train-loss",
      "order-test-accuracy",
    ],
  );
  assert.ok(
    !ids([0.1, 0.2, 0.3].map((rate) => point([rate, rate], around(0.3))))
      .includes("swap"),
  );
});

Deno.test("judgeClaims: without a rate up to 0.05 the study's lowest rates count", () => {
  const entry = judged(
    [
      point([0, 0], around(0.2)),
      point([0.1, 0], around(0.3)),
      point([0.1, 0.1], around(0.3, 1)),
      point([0.3, 0], around(0.4, 2)),
    ],
    "lowest-train-loss",
  );
  assert.ok(entry.kind === "tested" && entry.claimKind === claimKinds.lowest);
  assert.equal(entry.evidence.facts["cutoff"], 0.1);
  assert.equal(entry.verdict, "supported");
  // The point without dropout is better, but it is no rival.
  assert.ok((entry.evidence.facts["controlMean"] ?? 1) < 0.3);
});

Deno.test("judgeClaims: the effect of the lowest rates is their lead over the closest rival", () => {
  const { effect } = judged(rising, "lowest-test-accuracy");
  assert.ok(effect);
  assert.ok(Math.abs(effect.estimate - 0.06) < 0.001);
  assert.ok(effect.low !== null && effect.low > 0.055);
});

Deno.test("judgeClaims: an open verdict says how many more replicates it needs", () => {
  const noisy = (mean: number, turn: number) =>
    around(0, turn).map((dust) => mean + 12 * dust);
  const { verdict, moreReplicates } = judged(
    [
      point([0.02, 0.02], noisy(0.3, 0)),
      point([0.2, 0.2], noisy(0.312, 1)),
      point([0.8, 0.8], noisy(0.5, 2)),
    ],
    "lowest-train-loss",
  );
  assert.equal(verdict, "not-enough-evidence");
  assert.ok(moreReplicates !== null && moreReplicates >= 1);
});

Deno.test("judgeClaims: a rival that diverged once loses and is not averaged", () => {
  const entry = judged(
    [
      point([0.02, 0.02], around(0.3)),
      point([0.3, 0.3], around(0.36, 1)),
      point([0.9, 0.9], [0.1, 0.1, "diverged", 0.1, 0.1]),
    ],
    "lowest-train-loss",
  );
  assert.equal(entry.verdict, "supported");
  assert.ok(entry.kind === "tested");
  assert.deepEqual(entry.evidence.leftOut, [
    { dropout1: 0.9, dropout2: 0.9 },
  ]);
});

Deno.test("judgeClaims: diverged rivals are no evidence for low points without results", () => {
  const entry = judged(
    [
      point([0.02, 0.02], [0.3, null, null]),
      point([0.9, 0.9], ["diverged", "diverged", "diverged"]),
    ],
    "lowest-train-loss",
  );
  assert.equal(entry.verdict, "not-enough-evidence");
});

Deno.test("judgeClaims: lowest rates that diverged once are never the best", () => {
  const entry = judged(
    [
      point([0.02, 0.02], [0.1, 0.1, "diverged", 0.1, 0.1]),
      point([0.3, 0.3], around(0.36)),
      point([0.6, 0.6], around(0.5)),
    ],
    "lowest-train-loss",
  );
  assert.equal(entry.verdict, "not-enough-evidence");
  assert.equal(entry.moreReplicates, null);
});

Deno.test("judgeClaims: a pair is not equivalent if one side diverged", () => {
  const pair = (losses: readonly (number | "diverged")[]) => [
    point([0.2, 0.5], around(0.36)),
    point([0.5, 0.2], losses),
    point([0.6, 0.6], around(0.4)),
  ];
  const once = judged(
    pair([0.36, 0.36, "diverged", 0.36, 0.36]),
    "swap-train-loss",
  );
  assert.equal(once.verdict, "not-enough-evidence");
  // All ten signs agree: p = 2 / 1024, times eight for the adjustment.
  const ten = [...around(0.36), ...around(0.36, 1)];
  const always = judged(
    [
      point([0.2, 0.5], ten),
      point([0.5, 0.2], ten.map(() => "diverged" as const)),
      point([0.6, 0.6], ten.map((loss) => loss + 0.1)),
    ],
    "swap-train-loss",
  );
  assert.equal(always.verdict, "contradicted");
});

Deno.test("judgeClaims: a diverged point of low rates leaves the trend open", () => {
  const trend = judged(
    [
      point([0.1, 0.1], ["diverged", 0.2, 0.2, 0.2, 0.2]),
      ...rising.slice(1),
      point([0.9, 0.9], around(0.6)),
    ],
    "high-rates",
  );
  assert.equal(trend.verdict, "not-enough-evidence");
  const high = judged(
    [...rising, point([0.9, 0.9], ["diverged", 0.2, 0.2, 0.2, 0.2])],
    "high-rates",
  );
  assert.equal(high.verdict, "supported");
});

Deno.test("judgeClaims: a quarantined point does not take replicates from the trend", () => {
  const quarantined: PointData = {
    params: { dropout1: 0.9, dropout2: 0.9 },
    cells: [
      { state: "quarantined", figures: null },
      ...around(0.6).slice(1).map(cell),
    ],
  };
  const trend = judged([...rising, quarantined], "high-rates");
  assert.equal(trend.replicates, 5);
  assert.equal(trend.verdict, "supported");
});

Deno.test("judgeClaims: the overall claim about swapping follows from its parts", () => {
  // The loss is the same in both orders, the accuracy is not.
  const apart = (points: readonly PointData[]) =>
    points.map((entry) => ({
      ...entry,
      cells: entry.cells.map(({ state, figures }): Cell => ({
        state,
        figures: figures && {
          ...figures,
          metrics: {
            ...figures.metrics,
            testAccuracy: figures.metrics.testAccuracy -
              (ratesOf(entry.params).dropout1 > ratesOf(entry.params).dropout2
                ? 0.05
                : 0),
          },
        },
      })),
    }));
  const found = judgeClaims(apart(rising), best);
  const by = (id: string) => found.find(({ claim }) => claim.id === id);
  assert.equal(by("swap-train-loss")?.verdict, "supported");
  assert.equal(by("swap-test-accuracy")?.verdict, "contradicted");
  assert.equal(by("swap")?.verdict, "contradicted");
  assert.equal(by("swap")?.effect?.metric, "testAccuracy");
});

Deno.test("judgeClaims: comparisons list the closest rivals and the widest pairs first", () => {
  const lowest = judged(rising, "lowest-train-loss");
  assert.ok(lowest.kind === "tested");
  const rivals = lowest.evidence.comparisons();
  assert.deepEqual(
    rivals.map(({ second: [params] }) => params?.dropout2),
    [0.5, 0.2, 0.8],
  );
  assert.ok(rivals.every(({ difference: { mean } }) => (mean ?? 1) < 0));
  assert.ok(rivals.every(({ pDifference }) => (pDifference ?? 1) < 1e-6));
});
