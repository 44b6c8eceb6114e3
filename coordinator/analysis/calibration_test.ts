import assert from "node:assert/strict";
import type { VerdictName } from "../protocol/leaderboard.ts";
import {
  claims,
  marginOf,
  type RankedMetric,
  rankedMetrics,
} from "./claims.ts";
import { lowPoints } from "./evidence_lowest.ts";
import { type BestByMetric, judgeClaims } from "./judge.ts";
import { probabilityBest } from "./probability_best.ts";
import { ALPHA } from "./statistics.ts";
import {
  lowerIsBetter,
  type PointData,
  swappedPairs,
  valuesOf,
} from "./study_data.ts";
import { guessedPoints, referencePoints } from "./testing/reference_points.ts";
import {
  normals,
  type Population,
  simulateStudy,
  type TrueStudy,
} from "./testing/simulated_study.ts";

/*
 * Simulated studies whose truth is known: how often is a verdict wrong, how
 * often does it come at all? `deno test coordinator/analysis/calibration_test.ts`
 * prints the tables that docs/statistics.md quotes.
 */

const STUDIES = 600;
/** One-sided 1% limit on the share seen when the true one is ALPHA. */
const LIMIT = ALPHA + 2.33 * Math.sqrt(ALPHA * (1 - ALPHA) / STUDIES);

const noProbabilities: BestByMetric = {
  trainLoss: [],
  trainLossDropoutOff: [],
  testLoss: [],
  testAccuracy: [],
};

type Means = Readonly<Record<RankedMetric, Population>>;

const realPoints = [...referencePoints, ...guessedPoints].map((point) => ({
  params: point.params,
  metrics: {
    trainLoss: point.trainLoss,
    // Not in the reference: near the test loss, and as unsteady.
    trainLossDropoutOff: {
      mean: point.testLoss.mean - 0.07,
      sd: point.testLoss.sd,
    },
    testLoss: point.testLoss,
    testAccuracy: point.testAccuracy,
  } satisfies Means,
}));

/** The real points and spreads, with means of another world. */
function world(
  mean: (metric: RankedMetric, rates: readonly [number, number]) => number,
): TrueStudy {
  return {
    shared: 0.3,
    points: realPoints.map(({ params, metrics }) => {
      const rates = [params.dropout1, params.dropout2] as const;
      const of = (metric: RankedMetric) => ({
        mean: mean(metric, rates),
        sd: metrics[metric].sd,
      });
      return {
        params,
        metrics: {
          trainLoss: of("trainLoss"),
          trainLossDropoutOff: of("trainLossDropoutOff"),
          testLoss: of("testLoss"),
          testAccuracy: of("testAccuracy"),
        },
      };
    }),
  };
}

const sign = (metric: RankedMetric) => (lowerIsBetter[metric] ? 1 : -1);

/** Worlds in which the claims are true, false, or at their boundary. */
const worlds: readonly (readonly [string, TrueStudy])[] = [
  ["as measured", { points: realPoints, shared: 0.3 }],
  ["no effect at all", world(() => 0.4)],
  [
    "the other way round",
    world((metric, [d1, d2]) => 0.4 - sign(metric) * (0.1 * d1 + 0.15 * d2)),
  ],
  [
    // The higher rate first costs exactly the margin.
    "at the margin",
    world((metric, [d1, d2]) =>
      0.4 + (d1 > d2 ? sign(metric) * marginOf(metric) : 0)
    ),
  ],
  [
    // Half a margin from each boundary, on the true side of the swap's.
    "a hair inside",
    world((metric, [d1, d2]) =>
      0.4 + sign(metric) * (0.01 * (d1 + d2) +
          (d1 > d2 ? marginOf(metric) / 2 : 0))
    ),
  ],
];

/** Which verdicts would be right; at a boundary neither one is. */
function rightVerdicts(study: TrueStudy): Map<string, readonly VerdictName[]> {
  const [truth] = [simulateStudy(study, 1, () => 0)];
  const mean = (point: PointData, metric: RankedMetric) =>
    valuesOf(point, metric)[0] ?? NaN;
  // Worlds are written in decimals: differences below this are rounding.
  const verdictOf = (distance: number): readonly VerdictName[] =>
    Math.abs(distance) < 1e-9
      ? ["not-enough-evidence"]
      : [distance > 0 ? "supported" : "contradicted", "not-enough-evidence"];
  const { low, rivals } = lowPoints(truth);
  const right = new Map<string, readonly VerdictName[]>();
  for (const { id, test, metric: name } of claims) {
    const metric = rankedMetrics.find((each) => each === name) ?? "trainLoss";
    const pairs = swappedPairs(truth).map(({ lowerFirst, higherFirst }) =>
      sign(metric) * (mean(higherFirst, metric) - mean(lowerFirst, metric))
    );
    const lowMean = low.reduce((sum, point) => sum + mean(point, metric), 0) /
      low.length;
    if (test.kind === "trend") {
      const rate = ({ params }: PointData) => params.dropout1 + params.dropout2;
      const centre = truth.reduce((sum, point) => sum + rate(point), 0) /
        truth.length;
      right.set(
        id,
        verdictOf(
          truth.reduce(
            (sum, point) => sum + (rate(point) - centre) * mean(point, metric),
            0,
          ),
        ),
      );
    } else if (test.kind === "lowest") {
      const leads = rivals.map((point) =>
        sign(metric) * (mean(point, metric) - lowMean)
      );
      right.set(id, verdictOf(Math.min(...leads)));
    } else if (test.kind === "swap") {
      const widest = Math.max(...pairs.map(Math.abs));
      right.set(id, verdictOf(marginOf(metric) - widest));
    } else if (test.kind === "order") {
      right.set(id, verdictOf(pairs.reduce((sum, lead) => sum + lead, 0)));
    }
  }
  const parts = ["swap-train-loss", "swap-test-accuracy"]
    .map((id) => right.get(id) ?? []);
  const all = (name: VerdictName) => parts.every((part) => part.includes(name));
  const some = (name: VerdictName) => parts.some((part) => part.includes(name));
  right.set("swap", [
    "not-enough-evidence",
    ...(all("supported") ? ["supported" as const] : []),
    ...(some("contradicted") ? ["contradicted" as const] : []),
  ]);
  return right;
}

/** Normal noise with a spike of five times its size now and then. */
function spiky(normal: () => number): () => number {
  // Scaled so that its variance is that of the noise it replaces.
  const scale = 1 / Math.sqrt(0.95 + 0.05 * 25);
  return () => {
    const value = normal() * scale;
    return normal() > 1.645 ? 5 * value : value;
  };
}

interface Tally {
  readonly wrong: Map<string, number>;
  readonly settled: Map<string, number>;
  anyWrong: number;
}

function run(
  study: TrueStudy,
  replicates: number,
  normal: () => number,
): Tally {
  const right = rightVerdicts(study);
  const tally: Tally = { wrong: new Map(), settled: new Map(), anyWrong: 0 };
  const count = (map: Map<string, number>, id: string) =>
    map.set(id, (map.get(id) ?? 0) + 1);
  for (let i = 0; i < STUDIES; i++) {
    const data = simulateStudy(study, replicates, normal);
    let wrong = false;
    for (const { claim, verdict } of judgeClaims(data, noProbabilities)) {
      if (verdict !== "not-enough-evidence") count(tally.settled, claim.id);
      if (right.get(claim.id)?.includes(verdict)) continue;
      count(tally.wrong, claim.id);
      wrong = true;
    }
    if (wrong) tally.anyWrong += 1;
  }
  return tally;
}

const percent = (count: number) =>
  `${(100 * count / STUDIES).toFixed(1)}%`.padStart(7);

for (const [name, study] of worlds) {
  for (const noise of ["normal", "spiky"] as const) {
    Deno.test(`judgeClaims: at most 5% of studies have a wrong verdict, ${name}, ${noise} noise`, () => {
      const right = rightVerdicts(study);
      const tallies = [3, 5, 10].map((replicates) => {
        const normal = normals(1000 + replicates);
        const draw = noise === "normal" ? normal : spiky(normal);
        return run(study, replicates, draw);
      });
      console.log(`${name}, ${noise} noise: settled (wrong) at 3, 5, 10`);
      for (const { id } of claims) {
        const cells = tallies.map(({ settled, wrong }) =>
          `${percent(settled.get(id) ?? 0)} (${
            percent(wrong.get(id) ?? 0).trim()
          })`.padEnd(16)
        );
        const truth = right.get(id)?.find((verdict) =>
          verdict !== "not-enough-evidence"
        ) ?? "boundary";
        console.log(`  ${id.padEnd(30)} ${truth.padEnd(13)}${cells.join("")}`);
      }
      const any = tallies.map(({ anyWrong }) => percent(anyWrong).padEnd(16));
      console.log(`  ${"any claim wrong".padEnd(44)}${any.join("")}`);
      for (const { wrong, anyWrong } of tallies) {
        assert.ok(anyWrong / STUDIES <= LIMIT, `${name}: ${anyWrong}`);
        for (const [id, count] of wrong) {
          assert.ok(count / STUDIES <= LIMIT, `${name}, ${id}: ${count}`);
        }
      }
    });
  }
}

Deno.test("judgeClaims: has the power to settle what PyTorch's figures settle", () => {
  const study = { points: realPoints, shared: 0.3 };
  const settled = (replicates: number, id: string) =>
    (run(study, replicates, normals(7)).settled.get(id) ?? 0) / STUDIES;
  assert.ok(settled(3, "high-rates") > 0.95);
  assert.ok(settled(5, "swap") > 0.95);
  assert.ok(settled(10, "lowest-train-loss") > 0.8);
});

Deno.test("probabilityBest: is right about as often as it says", () => {
  const study = { points: realPoints, shared: 0.3 };
  const metric = "trainLoss";
  const [truth] = [simulateStudy(study, 1, () => 0)];
  const best = truth.reduce((a, b) =>
    (valuesOf(b, metric)[0] ?? NaN) < (valuesOf(a, metric)[0] ?? NaN) ? b : a
  );
  for (const replicates of [3, 5, 10]) {
    const normal = normals(77 + replicates);
    let [said, right, high, highRight] = [0, 0, 0, 0];
    for (let i = 0; i < 200; i++) {
      const data = simulateStudy(study, replicates, normal);
      const found = probabilityBest(
        data.map((point) => valuesOf(point, metric)),
      );
      const top = Math.max(...found);
      const leader = data[found.indexOf(top)];
      const hit = leader?.params === best.params ? 1 : 0;
      said += top;
      right += hit;
      if (top >= 0.9) {
        high += 1;
        highRight += hit;
      }
    }
    console.log(
      `probability of the leader at ${replicates}: said ` +
        `${(said / 2).toFixed(0)}%, right ${(right / 2).toFixed(0)}%; said ` +
        `90% or more ${high} of 200 times, right ${highRight}`,
    );
    // Neighbours lie 0.003 apart with spreads of 0.008 to 0.015: it must not
    // claim to know.
    assert.ok(said / 200 - right / 200 < 0.15);
  }
});

Deno.test("judgeClaims: looks before the end would be wrong more often, the last is not", () => {
  const study = world(() => 0.4);
  const right = rightVerdicts(study);
  const normal = normals(99);
  let [atSomeLook, atTheLast] = [0, 0];
  for (let i = 0; i < STUDIES; i++) {
    const data = simulateStudy(study, 10, normal);
    let [some, last] = [false, false];
    for (let replicates = 2; replicates <= 10; replicates++) {
      const seen = data.map(({ params, cells }) => ({
        params,
        cells: cells.slice(0, replicates),
      }));
      last = judgeClaims(seen, noProbabilities).some(({ claim, verdict }) =>
        !right.get(claim.id)?.includes(verdict)
      );
      some ||= last;
    }
    if (some) atSomeLook += 1;
    if (last) atTheLast += 1;
  }
  console.log(
    `no effect at all: any claim wrong at some look from 2 to 10 replicates` +
      `${percent(atSomeLook)}, at the last${percent(atTheLast)}`,
  );
  assert.ok(atTheLast / STUDIES <= LIMIT);
  assert.ok(atSomeLook > 2 * atTheLast);
});
