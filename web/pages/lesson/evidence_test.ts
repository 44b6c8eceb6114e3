import assert from "node:assert/strict";
import { Leaderboard } from "../../../protocol/leaderboard.ts";
import { lessonWords } from "../../i18n/language.ts";
import {
  conclusionClaims,
  conclusions,
  errorEvidence,
  errorIds,
  ranked,
  spreadOf,
  verdictsOn,
} from "./evidence.ts";

const sample = Leaderboard.parse(JSON.parse(
  await Deno.readTextFile(
    new URL("../../../docs/samples/seed.json", import.meta.url),
  ),
));

Deno.test("verdictsOn gives every verdict of the study to one conclusion", () => {
  const shown = conclusions.flatMap((one) =>
    verdictsOn(one, sample).map((verdict) => verdict.claimId)
  );
  assert.deepEqual(
    shown.toSorted(),
    sample.verdicts.map((verdict) => verdict.claimId).toSorted(),
  );
  assert.deepEqual(shown, conclusions.flatMap((one) => conclusionClaims[one]));
  assert.deepEqual(verdictsOn("high", { verdicts: [] }), []);
});

Deno.test("errorEvidence names remarks and claims that the study has", () => {
  const remarks = new Set(sample.remarks.map(({ id }) => id));
  const claims = new Set(sample.verdicts.map(({ claimId }) => claimId));
  for (
    const { remarks: named = [], claims: quoted = [] } of Object.values(
      errorEvidence,
    )
  ) {
    for (const id of named) assert.ok(remarks.has(id), id);
    for (const id of quoted) assert.ok(claims.has(id), id);
  }
  assert.deepEqual(
    Object.keys(lessonWords.en.errors.items).toSorted(),
    errorIds.toSorted(),
  );
});

Deno.test("ranked begins with the lowest loss and the highest accuracy", () => {
  const [lowest] = ranked(sample.rows, "trainLoss");
  assert.deepEqual(lowest?.params, { dropout1: 0.02, dropout2: 0.02 });
  const accuracies = ranked(sample.rows, "testAccuracy")
    .map((row) => row.metrics.testAccuracy.mean ?? NaN);
  assert.equal(accuracies.length, sample.rows.length);
  assert.equal(accuracies[0], Math.max(...accuracies));
  assert.equal(accuracies.at(-1), Math.min(...accuracies));
});

Deno.test("ranked puts a diverged point after all trained ones", () => {
  const [best] = ranked(sample.rows, "trainLoss");
  assert.ok(best !== undefined);
  const rows = sample.rows.map((row) =>
    row === best ? { ...row, diverged: 1 } : row
  );
  const order = ranked(rows, "trainLoss").map(({ params }) => params);
  assert.deepEqual(order.at(-1), best.params);
  assert.equal(order.length, rows.length);
});

Deno.test("spreadOf is the range of the points' standard deviations", () => {
  const [low, high] = spreadOf(sample.rows, "testAccuracy") ?? [];
  const sds = sample.rows.map((row) => row.metrics.testAccuracy.sd ?? NaN);
  assert.equal(low, Math.min(...sds));
  assert.equal(high, Math.max(...sds));
  assert.equal(spreadOf([], "testAccuracy"), null);
});
