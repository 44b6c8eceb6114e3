import assert from "node:assert/strict";
import { PROTOCOL_VERSION } from "./version.ts";

Deno.test("PROTOCOL_VERSION is 5, in docs/protocol.md too", async () => {
  // The one test that spells the number out; all others use the constant.
  assert.equal(PROTOCOL_VERSION, 5);
  const text = await Deno.readTextFile(
    new URL("../docs/protocol.md", import.meta.url),
  );
  assert.match(text, /^# The swarm protocol, version 5$/m);
});
