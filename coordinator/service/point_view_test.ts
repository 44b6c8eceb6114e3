import assert from "node:assert/strict";
import { pointView } from "./reads.ts";
import { seedLeaderboard } from "../../tests/browser/fixture_leaderboard.ts";
import { pointKey } from "../../protocol/grid_point.ts";

const board = seedLeaderboard("complete");
const params = { dropout1: 0.2, dropout2: 0.5 };

Deno.test("pointView: the leaderboard's row and that of the swapped point", () => {
  const view = pointView(board, params, []);
  const rowOf = (key: string) =>
    board.rows.find((row) => pointKey(row.params) === key);
  assert.equal(view?.row, rowOf("d1_0.2-d2_0.5"));
  assert.equal(view?.swapped, rowOf("d1_0.5-d2_0.2"));
});

Deno.test("pointView: lists each comparison of the two points once", () => {
  const { comparisons = [] } = pointView(board, params, []) ?? {};
  assert.ok(comparisons.length > 0);
  for (const { first, second } of comparisons) {
    assert.deepEqual(
      [...first, ...second].map(pointKey).toSorted(),
      ["d1_0.2-d2_0.5", "d1_0.5-d2_0.2"],
    );
  }
  const texts = comparisons.map((c) => JSON.stringify(c));
  assert.equal(new Set(texts).size, texts.length);
});

Deno.test("pointView: equal rates have no swapped point; null for unknown points", () => {
  const equal = pointView(board, { dropout1: 0.2, dropout2: 0.2 }, []);
  assert.equal(equal?.swapped, null);
  assert.deepEqual(equal.comparisons, []);
  assert.equal(
    pointView(board, { dropout1: 0.123, dropout2: 0.5 }, []),
    null,
  );
});
