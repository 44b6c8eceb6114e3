import assert from "node:assert/strict";
import { tooManyVolunteers } from "./descriptors.ts";
import { slope } from "./memory.ts";

Deno.test("slope: of a line, and the one with the least squares", () => {
  assert.equal(slope([[0, 5], [1, 7], [2, 9]]), 2);
  // By hand: means 1 and 2; (1·2 + 0 + 1·1) / 2.
  assert.equal(slope([[0, 0], [1, 3], [2, 3]]), 1.5);
});

Deno.test("tooManyVolunteers: says which limit, and what to do", () => {
  assert.equal(tooManyVolunteers(900, 1024, 28_000), null);
  assert.equal(tooManyVolunteers(1e6, null, null), null);
  assert.match(
    tooManyVolunteers(1000, 1024, 28_000) ?? "",
    /1024 files.*ulimit -n 1100.*924 at most/,
  );
  assert.match(tooManyVolunteers(30_000, 1e6, 28_000) ?? "", /28000 ports/);
});
