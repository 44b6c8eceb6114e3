import assert from "node:assert/strict";
import type { Trust } from "../storage/storage.ts";
import { judgingOrder } from "./verification_queue.ts";

const waits = (name: string, trust: Trust | null, hasWeights = true) => ({
  name,
  trust,
  hasWeights,
});
const stranger = { accepted: 0, lies: 0 };

const waiting = [
  waits("divergence of a friend", { accepted: 50, lies: 0 }, false),
  waits("stranger", stranger),
  waits("liar", { accepted: 5, lies: 1 }),
  waits("friend", { accepted: 9, lies: 0 }),
  waits("second stranger", stranger),
  waits("old friend", { accepted: 50, lies: 0 }),
  waits("own", null),
];
const names = (turn: number) => judgingOrder(waiting, turn).map((w) => w.name);

Deno.test("judgingOrder: own workers, then proven ones, then the longest waiting; results without weights last", () => {
  assert.deepEqual(names(0), [
    "own",
    "old friend",
    "friend",
    "stranger",
    "liar",
    "second stranger",
    "divergence of a friend",
  ]);
});

Deno.test("judgingOrder: every fourth verdict is for the longest waiting result", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7].map((turn) => names(turn)[0]),
    [0, 1, 2, 3, 4, 5, 6, 7].map((turn) =>
      turn % 4 === 3 ? "divergence of a friend" : "own"
    ),
  );
  assert.deepEqual(judgingOrder([], 3), []);
});
