import assert from "node:assert/strict";
import { excerpt, excerpts, makeListings, tokensOf } from "./listings.ts";

const root = new URL("../../../", import.meta.url);
const read = (file: string) => Deno.readTextFile(new URL(file, root));

Deno.test("makeListings cuts each excerpt whole out of the source that trains", async () => {
  const listings = await makeListings(read);
  assert.deepEqual(
    listings.map(({ id }) => id),
    excerpts.map(({ id }) => id),
  );
  for (const { file, tokens } of listings) {
    const code = tokens.map(([, text]) => text).join("");
    const flush = (text: string) => text.replaceAll(/^ +/gm, "");
    assert.ok(flush(await read(file)).includes(flush(code)), code);
    // Whole: as many brackets are closed as opened.
    for (const [open, close] of [["{", "}"], ["(", ")"], ["[", "]"]] as const) {
      const count = (one: string) => code.split(one).length;
      assert.equal(count(open), count(close), `${open} in ${code}`);
    }
    assert.match(code, /dropout/i);
    assert.ok(code.split("\n").length >= 10, code);
  }
});

Deno.test("makeListings: the scratch network's forward spells dropout out", async () => {
  const listings = await makeListings(read);
  const forward = listings.find(({ id }) => id === "forward");
  const code = forward?.tokens.map(([, text]) => text).join("") ?? "";
  assert.match(code, /tf\.relu\(affine\(images/);
});

Deno.test("excerpt ends where the statement ends and moves it to the edge", () => {
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

Deno.test("excerpt refuses what begins nowhere, twice or does not end", () => {
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
