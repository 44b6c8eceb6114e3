import assert from "node:assert/strict";
import { answerWords } from "./answer_words.ts";
import { commonWords } from "./common_words.ts";
import { joinWords } from "./words.ts";
import { leaderboardWords } from "./words.ts";
import { reportWords } from "./report_words.ts";
import { trialsWords } from "./words.ts";
import { workersWords } from "./workers_words.ts";
import { lessonWords } from "./words.ts";

/** Every text of a catalogue by its path; functions are called with marks. */
function texts(words: unknown, path = ""): [string, string][] {
  if (typeof words === "string") return [[path, words]];
  if (typeof words === "function") {
    const marks = Array.from({ length: words.length }, (_, i) => `<${i}>`);
    // A text that takes an object or a number gets a mark all the same.
    return [[path, String(Reflect.apply(words, undefined, marks))]];
  }
  assert.ok(typeof words === "object" && words !== null, path);
  return Object.entries(words).flatMap(([key, value]) =>
    texts(value, `${path}.${key}`)
  );
}

const catalogues = {
  answer: answerWords,
  common: commonWords,
  join: joinWords,
  leaderboard: leaderboardWords,
  report: reportWords,
  trials: trialsWords,
  workers: workersWords,
  lesson: lessonWords,
};

for (const [name, { en, zh }] of Object.entries(catalogues)) {
  Deno.test(`${name} words: Chinese says each thing that English says`, () => {
    assert.deepEqual(
      texts(zh).map(([path]) => path),
      texts(en).map(([path]) => path),
    );
    for (const [path, text] of [...texts(en), ...texts(zh)]) {
      assert.ok(text.trim() !== "", path);
    }
  });

  Deno.test(`${name} words: Chinese is punctuated as Chinese`, () => {
    for (const [path, text] of texts(zh)) {
      assert.doesNotMatch(text, /\p{Script=Han}[,:;?!()]/u, path);
      assert.doesNotMatch(text, /[,:;?!()]\p{Script=Han}/u, path);
    }
  });

  Deno.test(`${name} words: each text uses what it is given`, () => {
    const given = (words: unknown): [string, string][] =>
      texts(words).filter(([, text]) => /<\d>/.test(text));
    assert.deepEqual(
      given(zh).map(([path, text]) => [path, marksIn(text)]),
      given(en).map(([path, text]) => [path, marksIn(text)]),
    );
  });
}

function marksIn(text: string): string[] {
  return [...text.matchAll(/<\d>/g)].map(String).sort();
}
