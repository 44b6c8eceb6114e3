import assert from "node:assert/strict";
// @ts-types="@types/papaparse"
import Papa from "papaparse";
import { StudyId, TrialId } from "../../protocol/ids.ts";
import type { TrialCurve } from "../../protocol/views.ts";
import { epochMetrics, trained } from "../../testing/lease/fixtures.ts";
import { curvesCsv, type TableWriter, trialsCsv } from "./csv.ts";

const done: TrialCurve = {
  trialId: TrialId.parse("seed-d0.2-d0.5-r0"),
  studyId: StudyId.parse("seed"),
  params: { dropout1: 0.2, dropout2: 0.5 },
  replicate: 0,
  state: "completed",
  attempts: 2,
  workerName: '=HYPERLINK("http://evil.example")\nAda',
  backend: "simd",
  backendDetail: "@relaxed",
  startedAt: "2026-01-01T00:00:00.000Z",
  endedAt: "2026-01-01T00:01:00.000Z",
  epochsDone: 2,
  seconds: 3.25,
  outcome: "trained",
  divergedAtEpoch: null,
  checks: { trainLoss: true, trainAccuracy: true, testAccuracy: false },
  epochs: trained().epochs,
};

const running: TrialCurve = {
  ...done,
  state: "leased",
  endedAt: null,
  epochsDone: 1,
  seconds: null,
  outcome: null,
  checks: null,
  epochs: [epochMetrics(1)],
};

const diverged: TrialCurve = {
  ...done,
  outcome: "diverged",
  divergedAtEpoch: 2,
  checks: null,
  epochs: [epochMetrics(1)],
};

const rates = ["dropout1", "dropout2"] as const;

function read(writer: TableWriter, trials: readonly TrialCurve[]) {
  const text = writer.head + writer.lines(trials.slice(0, 1)) +
    writer.lines(trials.slice(1));
  const { data, errors } = Papa.parse<Record<string, string>>(text, {
    header: true,
    skipEmptyLines: true,
  });
  assert.deepEqual(errors, []);
  return data;
}

Deno.test("trialsCsv: final figures of accepted results, and of no others", () => {
  const [first, second, third] = read(trialsCsv(rates), [
    done,
    running,
    diverged,
  ]);
  const final = done.epochs.at(-1);
  assert.equal(Number(first?.["testLoss"]), final?.testLoss);
  assert.equal(first?.["check.testAccuracy"], "false");
  assert.equal(first["state"], "completed");
  for (const name of ["trainLoss", "testAccuracy", "check.trainLoss"]) {
    assert.equal(second?.[name], "", name);
    assert.equal(third?.[name], "", name);
  }
  assert.equal(second?.["epochsDone"], "1");
  assert.equal(third?.["divergedAtEpoch"], "2");
});

Deno.test("trialsCsv: workers' texts are never formulas", () => {
  const [row] = read(trialsCsv(rates), [done]);
  assert.equal(row?.["worker"], `'${done.workerName}`);
  assert.equal(row["backendDetail"], "'@relaxed");
});

Deno.test("curvesCsv: one line per epoch, including reported ones", () => {
  const rows = read(curvesCsv(rates), [done, running]);
  assert.deepEqual(rows.map((row) => [row["state"], row["epoch"]]), [
    ["completed", "1"],
    ["completed", "2"],
    ["leased", "1"],
  ]);
  assert.equal(Number(rows[1]?.["trainLoss"]), done.epochs[1]?.trainLoss);
  assert.equal(curvesCsv(rates).lines([]), "");
});
