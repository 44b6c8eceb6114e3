import assert from "node:assert/strict";
import { seedStudy } from "../study/builtin.ts";
import { remarks, trainsAsTheLesson } from "./remarks.ts";
import {
  analyserOf,
  progressOf,
  referenceStudy,
} from "../../testing/studies/reference_study.ts";

function remarksOf(overrides: Parameters<typeof referenceStudy>[0] = {}) {
  const study = referenceStudy(overrides, 4);
  const total = study.trials.length;
  const board = analyserOf(study).leaderboard(progressOf(total, total), 1);
  return new Map(board.remarks.map((remark) => [remark.id, remark]));
}

Deno.test("checkRemarks: every remark on the lesson's recipe, each with its own id", () => {
  assert.equal(remarksOf().size, remarks.length);
});

Deno.test("checkRemarks: reported figures agree where PyTorch's spread allows them", () => {
  const found = remarksOf({ replicates: 5 });
  const agreement = (id: string) => found.get(id)?.agreement;
  // The reference's means and spreads leave no doubt about these.
  assert.equal(agreement("value-trainLoss-0.5-0.8"), "agrees");
  assert.equal(agreement("value-trainLoss-0.02-0.02"), "agrees");
  assert.equal(agreement("value-trainLoss-0.8-0.3"), "disagrees");
  assert.equal(agreement("value-trainLoss-0.2-0.2"), "disagrees");
  assert.equal(agreement("below-trainLoss-0.1-0.3"), "agrees");
  assert.equal(
    agreement("lower-trainLoss-0.5-0.8-than-0.2-0.5"),
    "disagrees",
  );
  assert.equal(
    agreement("higher-lossArea-0.5-0.8-than-0.2-0.5"),
    "agrees",
  );
  assert.equal(
    agreement("higher-trainLoss-0.02-0.02-than-0.2-0.2"),
    "disagrees",
  );
});

Deno.test("checkRemarks: the prediction interval of one more run is wider than the mean's interval", () => {
  const remark = remarksOf({ replicates: 5 }).get("value-trainLoss-0.6-0.6");
  assert.ok(remark?.expected && remark.measured.low && remark.measured.high);
  assert.ok(remark.expected.low < remark.measured.low);
  assert.ok(remark.expected.high > remark.measured.high);
});

Deno.test("checkRemarks: a failed check is counted over replicates", () => {
  const remark = remarksOf({ replicates: 5 }).get(
    "fails-check-trainLoss-0.8-0.3",
  );
  assert.equal(remark?.measured.n, 5);
  // 0.5081 with a spread of 0.0038: nearly every run is above one half.
  assert.ok((remark?.measured.mean ?? 0) >= 0.8);
});

Deno.test("checkRemarks: one replicate leaves every remark open", () => {
  for (const { id, agreement } of remarksOf({ replicates: 1 }).values()) {
    assert.equal(agreement, "open", id);
  }
});

Deno.test("checkRemarks: points that are not in the study have no remark", () => {
  const found = remarksOf({ points: [{ dropout1: 0.2, dropout2: 0.5 }] });
  assert.deepEqual([...found.keys()], ["value-trainLoss-0.2-0.5"]);
});

Deno.test("checkRemarks: another recipe is not compared with the lesson", () => {
  assert.equal(remarksOf({ epochs: 5 }).size, 0);
  assert.ok(trainsAsTheLesson(seedStudy));
  const { recipe } = seedStudy;
  assert.ok(trainsAsTheLesson({
    ...seedStudy,
    recipe: { ...recipe, network: "layers" },
  }));
  for (
    const over of [{ learningRate: 0.1 }, { batchSize: 128 }, { weightStd: 1 }]
  ) {
    assert.ok(
      !trainsAsTheLesson({ ...seedStudy, recipe: { ...recipe, ...over } }),
    );
  }
});
