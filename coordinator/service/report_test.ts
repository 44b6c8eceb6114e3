import assert from "node:assert/strict";
import { join } from "node:path";
import {
  analyserOf,
  progressOf,
  referenceStudy,
} from "../../testing/studies/reference_study.ts";
import { Report } from "../../protocol/leaderboard.ts";
import { runScript } from "../../tests/processes.ts";
import { reportHtml, reportOf } from "./report.ts";
import { needsProcesses } from "../../testing/needs_processes.ts";

const study = referenceStudy({ replicates: 2 });
const board = analyserOf(study).leaderboard(progressOf(30, 30), 4);
const origin = {
  definition: study.definition,
  backends: [{ backend: "simd", trials: 30, seconds: 900 }],
};

Deno.test("reportOf contains the workers and the commands to repeat the study", () => {
  const report = reportOf(board, origin, 0, "2.9.6");
  assert.deepEqual(Report.parse(JSON.parse(JSON.stringify(report))), report);
  const { madeAt, commands, backends } = report.origin;
  assert.equal(madeAt, "1970-01-01T00:00:00.000Z");
  assert.equal(
    commands[0],
    "deno task start --study seed --replicates 2 --epochs 10",
  );
  assert.deepEqual(backends, origin.backends);
});

Deno.test("reportOf leaves out unknown data without an origin", () => {
  const { definition, backends } = reportOf(board, null, 0, "2.9.6").origin;
  assert.equal(definition, null);
  assert.deepEqual(backends, []);
});

Deno.test("reportHtml: no text in the data can close its element", () => {
  const title = { en: "</script><script>alert(1)</script>", zh: "<!--$&" };
  const report = reportOf(
    { ...board, study: { ...board.study, title } },
    null,
    0,
    "2.9.6",
  );
  const slot = '<script type="application/json" id="report"></script>';
  const html = reportHtml(`<a>${slot}<b>`, report);
  const [, json = ""] = /id="report">(.*)<\/script><b>$/.exec(html) ?? [];
  assert.doesNotMatch(json, /</);
  assert.deepEqual(Report.parse(JSON.parse(json)), report);
});

Deno.test("reportHtml refuses a template without a placeholder", () => {
  assert.throws(
    () => reportHtml("<html>", reportOf(board, null, 0, "2.9.6")),
    new RangeError("the report's template has no placeholder for the data"),
  );
});

Deno.test(
  "deno task report says in one line why its file cannot be written",
  needsProcesses,
  async () => {
    const run = runScript("coordinator/cli/main_report.ts", [
      ...["--json", "docs/samples/seed.json"],
      ...["--out", join("no", "such", "folder", "seed.html")],
    ]);
    assert.equal((await run.ended).code, 1, run.output());
    assert.match(
      run.output(),
      /^error: cannot write the report: there is no folder \S+no.such.folder; [^\n]*--out\n$/,
    );
  },
);
