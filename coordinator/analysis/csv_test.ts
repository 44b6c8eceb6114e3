import assert from "node:assert/strict";
// @ts-types="@types/papaparse"
import Papa from "papaparse";
import { csvOf, leaderboardCsv } from "./csv.ts";
import {
  analyserOf,
  progressOf,
  referenceStudy,
} from "../../testing/studies/reference_study.ts";

const board = () =>
  analyserOf(referenceStudy(), 20).leaderboard(progressOf(45, 20), 1);

Deno.test("leaderboardCsv: a header and one line per point, with equal numbers of cells", () => {
  const { rows } = board();
  const { data, errors } = Papa.parse<string[]>(leaderboardCsv(board()), {
    skipEmptyLines: true,
  });
  assert.deepEqual(errors, []);
  assert.equal(data.length, rows.length + 1);
  const [header] = data;
  assert.ok(header);
  assert.deepEqual(header.slice(0, 2), ["dropout1", "dropout2"]);
  assert.equal(new Set(header).size, header.length);
  assert.ok(data.every((line) => line.length === header.length));
});

Deno.test("leaderboardCsv: figures read back as they are in the leaderboard", () => {
  const { data } = Papa.parse<Record<string, string>>(leaderboardCsv(board()), {
    header: true,
    skipEmptyLines: true,
  });
  board().rows.forEach((row, index) => {
    const line = data[index] ?? {};
    assert.equal(Number(line["dropout1"]), row.params.dropout1);
    assert.equal(Number(line["trainLoss.mean"]), row.metrics.trainLoss.mean);
    const { low } = row.metrics.generalisationGap;
    assert.equal(line["generalisationGap.low"], low === null ? "" : `${low}`);
  });
});

Deno.test("csvOf: RFC 4180 quoting and line ends", () => {
  assert.equal(
    csvOf(["a", "b"], [["x,y", 'say "hi"'], ["two\nlines", null]]),
    'a,b\r\n"x,y","say ""hi"""\r\n"two\nlines",\r\n',
  );
});

Deno.test("csvOf: escapes a text that looks like a formula, but no number", () => {
  const lines = csvOf(["text", "number"], [
    ["=1+1", -0.5],
    ["+1", 0],
    ["-1", 1],
    ["@sum(A1)", 2],
    ["\tx", 3],
    ["=1+1\nbelow", 4],
    ["\n=1+1", 5],
    ["\uff1d1+1", 6],
    ["fine", 7],
  ]).split("\r\n");
  for (const line of lines.slice(1, 9)) assert.match(line, /^"?'/);
  assert.ok(lines[1]?.endsWith(",-0.5"));
  assert.equal(lines[9], "fine,7");
});

Deno.test("csvOf: no piece of a text is a formula for a reader that splits elsewhere", () => {
  const names = [
    "x;=1+1",
    "x; =1+1",
    'x;"=1+1"',
    "x\t@sum(A1)",
    "x,+1",
    "x|-1",
    "x\r\n=1+1",
    ";;\uff1d1+1",
  ];
  const csv = csvOf(["name", "number"], names.map((name) => [name, -1]));
  for (const delimiter of [",", ";", "\t", "|"]) {
    for (const quoteChar of ['"', "\0"]) {
      const { data } = Papa.parse<string[]>(csv, { delimiter, quoteChar });
      const cells = data.flat().filter((cell) => !/^-1$/.test(cell));
      for (const cell of cells) {
        assert.doesNotMatch(cell, /^[\s"]*[=+@\uff1d]|^[\s"]*-\D/, delimiter);
      }
    }
  }
  // Between commas it reads back as one cell.
  const { data } = Papa.parse<string[]>(csv.split("\r\n")[1] ?? "");
  assert.deepEqual(data, [["x;'=1+1", "-1"]]);
});
