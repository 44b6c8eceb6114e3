import assert from "node:assert/strict";
import { Problem } from "./problem.ts";
import { untrustedText } from "./text.ts";
import { LeaseRequest, RegisterRequest, ReleaseRequest } from "./lease.ts";
import { PROTOCOL_VERSION } from "./version.ts";

/** Clears a terminal and sets its title, then both with 8-bit (C1) controls. */
const ESCAPES = "a\u001b[2Jb\u001b]0;c\u0007d\u009b2Je\u009dtitle\u009c";

Deno.test("untrustedText removes control characters and changes nothing else", () => {
  const text = untrustedText(80);
  assert.equal(text.parse(ESCAPES), "a [2Jb ]0;c d 2Je title ");
  assert.equal(text.parse("two\r\nlines\ttab\u0000\u007f"), "two  lines tab  ");
  for (const fine of ["", "zoë", "小明", "\u202Egnp.exe", "🙂", "<b>&amp;"]) {
    assert.equal(text.parse(fine), fine);
  }
  assert.equal(text.parse("\ud83d"), "\ufffd");
  assert.equal(text.safeParse("x".repeat(81)).success, false);
});

Deno.test("untrustedText is used for what volunteers send and a coordinator answers", () => {
  const said = [
    RegisterRequest.parse({
      protocolVersion: PROTOCOL_VERSION,
      kind: "deno",
      threads: 1,
      name: `${ESCAPES.slice(0, 20)}\n`,
      device: ESCAPES,
    }),
    LeaseRequest.parse({ backend: "simd", backendDetail: ESCAPES }),
    ReleaseRequest.parse({ attempt: 1, reason: "failed", message: ESCAPES }),
    Problem.parse({
      type: "internal",
      title: ESCAPES,
      status: 500,
      detail: ESCAPES,
      errors: [{ path: ESCAPES, message: ESCAPES }],
    }),
  ];
  assert.doesNotMatch(JSON.stringify(said), /\\u00|\\n|[\u007f-\u009f]/);
  // A name that has only control characters is empty.
  assert.equal(
    RegisterRequest.safeParse({
      protocolVersion: PROTOCOL_VERSION,
      kind: "deno",
      threads: 1,
      name: "\u001b\n",
    }).success,
    false,
  );
});
