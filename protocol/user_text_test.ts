import assert from "node:assert/strict";
import { textIn, UserText } from "./text.ts";

Deno.test("UserText: English is enough, any other language may be given", () => {
  const english = UserText.parse({ en: "Two points" });
  assert.equal(textIn(english, "zh"), "Two points");
  const more = UserText.parse({ en: "Two", zh: "两个", "pt-BR": "Dois" });
  assert.equal(textIn(more, "zh"), "两个");
  assert.equal(textIn(more, "pt-BR"), "Dois");
  for (
    const wrong of [{ zh: "两个" }, { en: 2 }, { en: "x", "two words": "x" }]
  ) {
    assert.equal(UserText.safeParse(wrong).success, false);
  }
});
