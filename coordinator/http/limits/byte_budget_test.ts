import assert from "node:assert/strict";
import { createRoom } from "./byte_budget.ts";

Deno.test("createRoom holds so much in all and for one address, and this machine's too", () => {
  const room = createRoom(100, 60);
  const [a, b] = ["a", "b"].map((key) => ({ key, local: false }));
  const here = { key: "here", local: true };
  assert.ok(a && b);
  assert.equal(room.take(a, 60), true);
  assert.equal(room.take(a, 1), false);
  assert.equal(room.take(b, 41), false);
  assert.equal(room.take(b, 40), true);
  // What was refused was not taken.
  room.give(a, 60);
  assert.equal(room.take(a, 60), true);
  assert.equal(room.take(here, 1000), true);
  assert.equal(room.take(b, 1), false);
  room.give(here, 1000);
  room.give(a, 60);
  room.give(b, 40);
  assert.equal(room.take(b, 60), true);
  assert.equal(room.take(a, 40), true);
});
