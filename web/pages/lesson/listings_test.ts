import assert from "node:assert/strict";
import { excerpt, excerpts, makeListings, tokensOf } from "./listings.ts";

const root = new URL("../../../", import.meta.url);
const read = (file: string) => Deno.readTextFile(new URL(file, root));

Deno.test("makeListings copies whole excerpts of the source code", async () => {
  const listings = await makeListings(read);
  assert.deepEqual(
    listings.map(({ id }) => id),
    excerpts.map(({ id }) => id),
  );
  for (const { file, tokens } of listings) {
    const code = tokens.map(([, text]) => text).join("");
    const flush = (text: string) => text.replaceAll(/^ +/gm, "");
    assert.ok(flush(await read(file)).includes(flush(code)), code);
    // A whole excerpt closes all of its brackets.
    for (const [open, close] of [["{", "}"], ["(", ")"], ["[", "]"]] as const) {
      const count = (one: string) => code.split(one).length;
      assert.equal(count(open), count(close), `${open} in ${code}`);
    }
    assert.match(code, /dropout/i);
    assert.ok(code.split("\n").length >= 10, code);
  }
});

Deno.test("makeListings: the scratch network's forward calls dropoutLayer", async () => {
  const listings = await makeListings(read);
  const forward = listings.find(({ id }) => id === "forward");
  const code = forward?.tokens.map(([, text]) => text).join("") ?? "";
  assert.match(code, /tf\.relu\(affine\(images/);
});

Deno.test("excerpt ends where the statement ends and removes its indentation", () => {
  const source = `const a = 1;
  function f(
    x: number,
  ): { readonly y: number } {
    return { y: x };
  }
  const b = 2;
}
`;
  assert.equal(
    excerpt(source, "function f("),
    `function f(
  x: number,
): { readonly y: number } {
  return { y: x };
}`,
  );
});

Deno.test("excerpt throws for a statement without a single start or an end", () => {
  assert.throws(() => excerpt("const a = 1;", "const b"), /0 lines: const b/);
  assert.throws(() => excerpt("let a = {\n};\nlet a", "let a"), /2 lines/);
  assert.throws(() => excerpt("let a = {", "let a"), /no end: let a/);
});

Deno.test("tokensOf styles TypeScript and loses no character", () => {
  const code = `// why\nconst x: number = f("a") + 1;`;
  const tokens = tokensOf(code);
  assert.equal(tokens.map(([, text]) => text).join(""), code);
  const styleOf = (text: string) =>
    tokens.find(([, one]) => one === text)?.[0] ?? "";
  assert.match(styleOf("// why"), /tok-comment/);
  assert.match(styleOf("const"), /tok-keyword/);
  assert.match(styleOf("number"), /tok-typeName/);
  assert.match(styleOf('"a"'), /tok-string/);
  assert.match(styleOf("1"), /tok-number/);
});
