import assert from "node:assert/strict";
import * as registered from "./language.ts";
import { chooseLanguage, languageCodes, languageOf } from "./language.ts";

Deno.test("languageOf reads the primary subtag and returns null for other languages", () => {
  assert.equal(languageOf("zh-Hans-CN"), "zh");
  assert.equal(languageOf("ZH_tw"), "zh");
  assert.equal(languageOf("en-GB"), "en");
  assert.equal(languageOf("xx"), null);
  assert.equal(languageOf(""), null);
  assert.equal(languageOf(null), null);
});

Deno.test("chooseLanguage prefers the link, then the stored choice, then the browser", () => {
  const browser = ["xx-XX", "zh-CN", "en"];
  const none = { url: null, remembered: null };
  assert.equal(chooseLanguage({ ...none, browser }), "zh");
  assert.equal(chooseLanguage({ ...none, remembered: "en", browser }), "en");
  assert.equal(chooseLanguage({ url: "zh", remembered: "en", browser }), "zh");
  assert.equal(chooseLanguage({ url: "xx", remembered: "en", browser }), "en");
  assert.equal(chooseLanguage({ ...none, browser: ["fr"] }), "en");
});

/** Every text of a catalogue by its path; functions get marks as arguments. */
function texts(words: unknown, path = ""): [string, string][] {
  if (typeof words === "string") return [[path, words]];
  if (typeof words === "function") {
    const marks = Array.from({ length: words.length }, (_, i) => `<${i}>`);
    // Functions that need an object or a number get a mark, too.
    return [[path, String(Reflect.apply(words, undefined, marks))]];
  }
  assert.ok(typeof words === "object" && words !== null, path);
  return Object.entries(words).flatMap(([key, value]) =>
    texts(value, `${path}.${key}`)
  );
}

const groups = Object.entries(registered)
  .filter(([name]) => name.endsWith("Words"));

Deno.test("languages: every language has every group of words", () => {
  assert.ok(groups.length >= 8);
  for (const [name, words] of groups) {
    assert.deepEqual(Object.keys(words), [...languageCodes], name);
  }
});

for (const [name, words] of groups) {
  const { en, ...others } = Object.fromEntries(Object.entries(words));
  Deno.test(`${name}: each language has each text of English`, () => {
    for (const [code, other] of Object.entries(others)) {
      assert.deepEqual(
        texts(other).map(([path]) => path),
        texts(en).map(([path]) => path),
        code,
      );
    }
    for (const [path, text] of Object.values(words).flatMap((w) => texts(w))) {
      assert.ok(text.trim() !== "", path);
    }
  });

  Deno.test(`${name}: Chinese has Chinese punctuation`, () => {
    for (const [path, text] of texts(others["zh"])) {
      assert.doesNotMatch(text, /\p{Script=Han}[,:;?!()]/u, path);
      assert.doesNotMatch(text, /[,:;?!()]\p{Script=Han}/u, path);
    }
  });

  Deno.test(`${name}: each text uses the same arguments as English`, () => {
    const given = (words: unknown): [string, string][] =>
      texts(words).filter(([, text]) => /<\d>/.test(text));
    for (const [code, other] of Object.entries(others)) {
      assert.deepEqual(
        given(other).map(([path, text]) => [path, marksIn(text)]),
        given(en).map(([path, text]) => [path, marksIn(text)]),
        code,
      );
    }
  });
}

function marksIn(text: string): string[] {
  return [...text.matchAll(/<\d>/g)].map(String).sort();
}
