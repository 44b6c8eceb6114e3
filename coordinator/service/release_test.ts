import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { RELEASE } from "./report.ts";

Deno.test("RELEASE is the version in deno.json", () => {
  assert.equal(RELEASE, config.version);
});
