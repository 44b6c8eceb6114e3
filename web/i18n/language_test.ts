import assert from "node:assert/strict";
import { chooseLanguage, languageOf } from "./language.ts";

Deno.test("languageOf reads the primary subtag and refuses other languages", () => {
  assert.equal(languageOf("zh-Hans-CN"), "zh");
  assert.equal(languageOf("ZH_tw"), "zh");
  assert.equal(languageOf("en-GB"), "en");
  assert.equal(languageOf("de"), null);
  assert.equal(languageOf(""), null);
  assert.equal(languageOf(null), null);
});

Deno.test("chooseLanguage prefers the link, then the memory, then the browser", () => {
  const browser = ["de-DE", "zh-CN", "en"];
  const none = { url: null, remembered: null };
  assert.equal(chooseLanguage({ ...none, browser }), "zh");
  assert.equal(chooseLanguage({ ...none, remembered: "en", browser }), "en");
  assert.equal(chooseLanguage({ url: "zh", remembered: "en", browser }), "zh");
  assert.equal(chooseLanguage({ url: "xx", remembered: "en", browser }), "en");
  assert.equal(chooseLanguage({ ...none, browser: ["fr"] }), "en");
});
