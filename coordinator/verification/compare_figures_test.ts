import assert from "node:assert/strict";
import { trained } from "../../testing/lease/fixtures.ts";
import { compareFigures } from "./spot_checks.ts";
import { publishedResult } from "./check_result.ts";

const N = 10_000;
const claim = trained(2, 0.6);

Deno.test("compareFigures: accepts the weights' figures and rounding differences", () => {
  for (const [loss, accuracy] of [[0, 0], [5e-4, 0], [-5e-4, 4e-4]] as const) {
    const recomputed = { testLoss: 0.6 + loss, testAccuracy: 0.75 + accuracy };
    assert.deepEqual(compareFigures(claim, recomputed, N), []);
  }
});

Deno.test("compareFigures: one answer may differ on a small test set, two may not", () => {
  const figures = (answers: number) => ({
    testLoss: 0.6,
    testAccuracy: 0.75 - answers / 200,
  });
  assert.deepEqual(compareFigures(claim, figures(1), 200), []);
  assert.equal(compareFigures(claim, figures(2), 200).length, 1);
});

Deno.test("compareFigures: reports figures that do not match the weights", () => {
  const found = compareFigures(
    claim,
    { testLoss: 0.61, testAccuracy: 0.74 },
    N,
  );
  assert.equal(found.length, 2);
  assert.match(found[0] ?? "", /testLoss is given as 0.6 but .* give 0.61/);
  assert.match(
    found[1] ?? "",
    /testAccuracy is given as 0.75 but .* give 0.74/,
  );
});

Deno.test("compareFigures: refuses weights without finite figures", () => {
  for (const testLoss of [NaN, Infinity]) {
    const recomputed = { testLoss, testAccuracy: 0.1 };
    assert.deepEqual(compareFigures(claim, recomputed, N), [
      "the weights give no finite loss",
    ]);
  }
});

Deno.test("publishedResult: the last epoch's test figures are the coordinator's, the checks too", () => {
  const published = publishedResult(claim, {
    testLoss: 2,
    testAccuracy: 0.5,
  });
  assert.ok(published.outcome === "trained");
  assert.deepEqual(published.epochs[0], claim.epochs[0]);
  assert.equal(published.epochs[1]?.testLoss, 2);
  assert.equal(published.epochs[1]?.trainLoss, claim.epochs[1]?.trainLoss);
  assert.equal(published.checks.testAccuracy, false);
  assert.equal(publishedResult(claim, null), claim);
});
