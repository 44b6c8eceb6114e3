import assert from "node:assert/strict";
import { joinCodeOf } from "./links.ts";

Deno.test("joinCodeOf reads the code of an invitation, and nothing else", () => {
  assert.equal(joinCodeOf("#class-of-26"), "class-of-26");
  for (const hash of ["", "#", "#content", "#a b c d e f", "#<script>alert"]) {
    assert.equal(joinCodeOf(hash), null);
  }
});
