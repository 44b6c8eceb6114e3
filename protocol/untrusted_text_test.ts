import assert from "node:assert/strict";
import type * as z from "zod";
import { adminEndpoints } from "./admin_endpoints.ts";
import { endpoints } from "./endpoints.ts";
import { Leaderboard, Report } from "./leaderboard.ts";
import { Problem } from "./problem.ts";
import { cleanText, cutText, untrustedText } from "./text.ts";
import { LeaseRequest, RegisterRequest, ReleaseRequest } from "./lease.ts";
import { PROTOCOL_VERSION } from "./version.ts";

/** Clears a terminal and sets its title, then both with 8-bit (C1) controls. */
const ESCAPES = "a\u001b[2Jb\u001b]0;c\u0007d\u009b2Je\u009dtitle\u009c";

Deno.test("untrustedText removes control characters and changes nothing else", () => {
  const text = untrustedText(80);
  assert.equal(text.parse(ESCAPES), "a [2Jb ]0;c d 2Je title ");
  assert.equal(text.parse("two\r\nlines\ttab\u0000\u007f"), "two  lines tab  ");
  for (
    const fine of [
      ...["", "zoë", "小明", "עדה", "آدا", "🙂", "<b>&amp;", "ｅ\u0301"],
      // Emoji of several characters, and one with its style.
      ...["👩\u200d💻", "👩🏽\u200d🔬", "❤\ufe0f\u200d🔥", "☎\ufe0f"],
    ]
  ) {
    assert.equal(text.parse(fine), fine);
  }
  assert.equal(text.parse("\ud83d"), "\ufffd");
  assert.equal(text.safeParse("x".repeat(81)).success, false);
});

Deno.test("cleanText removes marks that turn or hide text, and breaks no line", () => {
  for (
    const mark of [
      ...["\u202a", "\u202b", "\u202c", "\u202d", "\u202e"],
      ...["\u2066", "\u2067", "\u2068", "\u2069"],
      ...["\u200e", "\u200f", "\u061c"],
      ...["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad"],
      ...["\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f"],
      ...["\ufff9", "\ufe0f", "\u{e0041}", "\u{1d173}"],
    ]
  ) {
    assert.equal(cleanText(`a${mark}b`), "ab", JSON.stringify(mark));
  }
  assert.equal(cleanText("a\u2028b\u2029c\u0085d"), "a b c d");
  assert.equal(
    untrustedText().trim().min(1).safeParse("\u3164").success,
    false,
  );
});

Deno.test("cutText shortens what is too long, also within a character", () => {
  assert.equal(cutText(3).parse("abcd"), "abc");
  assert.equal(cutText(3).parse("ab🙂"), "ab\ufffd");
});

/** Every schema of a string within a schema, with its path. */
function strings(
  schema: z.core.$ZodType,
  path = "",
): { readonly path: string; readonly schema: z.ZodType }[] {
  const into = (inner: z.core.$ZodType | undefined, name: string) =>
    inner === undefined ? [] : strings(inner, `${path}${name}`);
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "string":
      return [{ path, schema: schema as z.ZodType }];
    case "object":
      return [
        ...Object.entries(def.shape).flatMap(([name, inner]) =>
          into(inner, `.${name}`)
        ),
        ...into(def.catchall, ".*"),
      ];
    case "array":
      return into(def.element, "[]");
    case "tuple":
      return def.items.flatMap((inner, i) => into(inner, `[${i}]`));
    case "record":
      return [...into(def.keyType, "{}"), ...into(def.valueType, "{}")];
    case "union":
      return def.options.flatMap((inner) => into(inner, ""));
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
      return into(def.innerType, "");
    case "pipe":
      return into(def.in, "");
    case "number":
    case "boolean":
    case "enum":
    case "literal":
    case "null":
    case "never":
      return [];
    default:
      throw new Error(`${path}: what does ${def.type} hold?`);
  }
}

/** The schemas of the bodies of all calls and answers. */
function* bodies(): Generator<readonly [string, z.ZodType]> {
  const all = { ...endpoints, ...adminEndpoints };
  for (const [name, { responses, ...rest }] of Object.entries(all)) {
    const request = "request" in rest && "body" in rest.request
      ? { request: rest.request.body }
      : {};
    const contents = Object.entries({ ...responses, ...request });
    for (const [status, answer] of contents) {
      if (!("content" in answer)) continue;
      const content: Record<string, { schema: z.ZodType }> = answer.content;
      for (const [type, { schema }] of Object.entries(content)) {
        if (/json/.test(type)) yield [`${name} ${status}`, schema];
      }
    }
  }
  yield ["report", Report];
}

Deno.test("untrustedText is the schema of every text that a body or an answer holds", () => {
  let texts = 0;
  const marked = `${ESCAPES}\u202e\u200b`;
  for (const [place, body] of bodies()) {
    for (const { path, schema } of strings(body)) {
      // Only its hash is used.
      if (path === ".joinCode") continue;
      const parsed = schema.safeParse(marked);
      if (!parsed.success) continue;
      texts++;
      const shown = String(parsed.data).trim();
      assert.equal(shown, cleanText(marked).trim(), `${place}${path}`);
    }
  }
  assert.ok(texts > 100, `${texts}`);
  assert.ok(
    strings(Leaderboard).some(({ path }) => path === ".study.title.en"),
  );
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
