import assert from "node:assert/strict";
import { legendRows, wrapText } from "./picture.ts";

/** All characters have width 1. */
const count = (text: string) => [...text].length;

Deno.test("wrapText breaks English at spaces and Chinese anywhere", () => {
  assert.deepEqual(
    wrapText("one two three four", 9, count),
    ["one two", "three", "four"],
  );
  assert.deepEqual(wrapText("暂退概率如何", 4, count), ["暂退概率", "如何"]);
  assert.deepEqual(wrapText("损失 loss 高", 7, count), ["损失 loss", "高"]);
});

Deno.test("wrapText loses no word and keeps one that is wider than the line", () => {
  assert.deepEqual(wrapText("a immeasurable b", 5, count), [
    "a",
    "immeasurable",
    "b",
  ]);
  assert.deepEqual(wrapText("", 5, count), []);
  const text = "Study seed, revision 151: 15 grid points, 75 trials.";
  for (let width = 1; width < 60; width++) {
    const lines = wrapText(text, width, count);
    assert.equal(lines.join(" "), text);
    for (const line of lines) {
      assert.ok(count(line) <= width || !line.includes(" "), line);
    }
  }
});

Deno.test("legendRows begins a new row for an entry that does not fit", () => {
  const entries = ["(0.2, 0.5)", "(0.5, 0.2)", "(0, 0)"].map((label) => ({
    label,
    className: "series-0",
  }));
  const rows = legendRows(entries, 140, (text) => 6 * text.length);
  assert.deepEqual(
    rows.map((row) => row.map(({ label }) => label)),
    [["(0.2, 0.5)"], ["(0.5, 0.2)"], ["(0, 0)"]],
  );
  const [first = []] = legendRows(entries, 1000, () => 60);
  assert.deepEqual(first.map(({ x }) => x), [0, 116, 232]);
});
