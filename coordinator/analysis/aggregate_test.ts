import assert from "node:assert/strict";
import { byMetric } from "../../protocol/metrics.ts";
import { aggregateRow, byReplicate, compareRows } from "./aggregate.ts";
import type { Cell, PointData, TrialFigures } from "./study_data.ts";

const params = { dropout1: 0.2, dropout2: 0.5 };

function figures(trainLoss: number, over: Partial<TrialFigures> = {}): Cell {
  return {
    state: "completed",
    figures: {
      diverged: false,
      metrics: {
        ...byMetric(() => 0),
        trainLoss,
        trainAccuracy: 0.88,
        testAccuracy: 0.86,
        testLoss: 0.4,
        generalisationGap: 0.1,
        trainLossDropoutOff: 0.3,
        lossArea: 0.5,
        epochsToHalf: 3,
        testAccuracyFluctuation: 0.01,
      },
      passedChecks: trainLoss < 0.5,
      passedLossCheck: trainLoss < 0.5,
      curves: {
        trainLoss: [1, trainLoss],
        trainAccuracy: [0.5, 0.88],
        testAccuracy: [0.6, 0.86],
      },
      ...over,
    },
  };
}

const failed = figures(NaN, { diverged: true });
const queued: Cell = { state: "queued", figures: null };

function row(cells: Cell[], at = params) {
  return aggregateRow({ params: at, cells } satisfies PointData);
}

Deno.test("aggregateRow: means, intervals and curves over replicates", () => {
  const { metrics, curves, curveSds, checksPassed } = row([
    figures(0.3),
    figures(0.4),
    figures(0.5),
  ]);
  assert.equal(metrics.trainLoss.mean, 0.4);
  assert.equal(metrics.trainLoss.sd, 0.1);
  // 4.302653 * 0.1 / sqrt(3)
  assert.equal(metrics.trainLoss.low, 0.151586);
  assert.deepEqual(curves.trainLoss, [1, 0.4]);
  assert.deepEqual(curveSds.trainLoss, [0, 0.1]);
  assert.equal(checksPassed, 2);
});

Deno.test("byReplicate: a figure for each replicate, null without one", () => {
  const point = { params, cells: [figures(0.3), queued, failed] };
  const found = byReplicate(point);
  assert.deepEqual(found?.trainLoss, [0.3, null, null]);
  assert.deepEqual(found?.testAccuracy, [0.86, null, null]);
});

Deno.test("aggregateRow: a result that is being verified counts as running", () => {
  const verifying: Cell = { state: "verifying", figures: null };
  const leased: Cell = { state: "leased", figures: null };
  const { replicatesRunning } = row([verifying, leased, queued]);
  assert.equal(replicatesRunning, 2);
});

Deno.test("aggregateRow: one replicate has a mean, but no interval and no band", () => {
  const { metrics, curves, curveSds, replicatesDone } = row([
    figures(0.3),
    queued,
  ]);
  assert.equal(replicatesDone, 1);
  assert.deepEqual(metrics.trainLoss, {
    n: 1,
    mean: 0.3,
    sd: null,
    low: null,
    high: null,
  });
  assert.deepEqual(curves.trainLoss, [1, 0.3]);
  assert.deepEqual(curveSds.trainLoss, []);
});

Deno.test("aggregateRow: counts replicates by state", () => {
  const counted = row([
    figures(0.3),
    failed,
    queued,
    { state: "leased", figures: null },
    { state: "quarantined", figures: null },
  ]);
  assert.equal(counted.replicatesPlanned, 5);
  assert.equal(counted.replicatesDone, 2);
  assert.equal(counted.replicatesRunning, 1);
  assert.equal(counted.replicatesQuarantined, 1);
  assert.equal(counted.diverged, 1);
  assert.equal(counted.metrics.trainLoss.n, 1);
});

Deno.test("aggregateRow: epochs to a loss of 0.5 have a mean only if all replicates reach it", () => {
  const slow = figures(0.6);
  const never: Cell = {
    state: "completed",
    figures: slow.figures && {
      ...slow.figures,
      metrics: { ...slow.figures.metrics, epochsToHalf: NaN },
    },
  };
  assert.equal(row([figures(0.3), figures(0.3)]).metrics.epochsToHalf.mean, 3);
  const some = row([figures(0.3), never]).metrics.epochsToHalf;
  assert.deepEqual([some.n, some.mean], [1, null]);
});

Deno.test("aggregateRow: a point without results has no curves", () => {
  assert.deepEqual(row([queued]).curves, {
    trainLoss: [],
    trainAccuracy: [],
    testAccuracy: [],
  });
});

Deno.test("compareRows: by mean loss, then points that diverged, then empty ones", () => {
  const at = (dropout1: number) => ({ dropout1, dropout2: 0 });
  const rows = [
    row([queued], at(0.1)),
    row([failed, figures(0.1)], at(0.2)),
    row([figures(0.4)], at(0.3)),
    row([figures(0.3)], at(0.5)),
    row([failed], at(0.6)),
    row([figures(0.3)], at(0.4)),
  ];
  assert.deepEqual(
    rows.sort(compareRows).map(({ params: { dropout1 } }) => dropout1),
    [0.4, 0.5, 0.3, 0.2, 0.6, 0.1],
  );
});
