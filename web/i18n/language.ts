import * as en from "./en.ts";
import * as zh from "./zh.ts";

/**
 * The languages of the pages. To add one, write its catalogue next to `en.ts`
 * and add it to each constant of this file; the compiler lists what is missing.
 * Labels of recipe fields and metrics, verdicts and titles of studies exist
 * only in English and Chinese: other languages show the English text.
 */

export const languageCodes = ["en", "zh"] as const;
export type Language = typeof languageCodes[number];
type InEach<T> = Readonly<Record<Language, T>>;

export const languages: InEach<typeof en.language> = {
  en: en.language,
  zh: zh.language,
};

// Each group has a constant, so that a page's bundle has only its own groups.
export const commonWords: InEach<typeof en.common> = {
  en: en.common,
  zh: zh.common,
};
export const noScriptWords: InEach<typeof en.noScript> = {
  en: en.noScript,
  zh: zh.noScript,
};
export const answerWords: InEach<typeof en.answers> = {
  en: en.answers,
  zh: zh.answers,
};
export const leaderboardWords: InEach<typeof en.leaderboard> = {
  en: en.leaderboard,
  zh: zh.leaderboard,
};
export const joinWords: InEach<typeof en.join> = {
  en: en.join,
  zh: zh.join,
};
export const trialsWords: InEach<typeof en.trials> = {
  en: en.trials,
  zh: zh.trials,
};
export const lessonWords: InEach<typeof en.lesson> = {
  en: en.lesson,
  zh: zh.lesson,
};
export const workersWords: InEach<typeof en.workers> = {
  en: en.workers,
  zh: zh.workers,
};
export const reportWords: InEach<typeof en.report> = {
  en: en.report,
  zh: zh.report,
};

export type AnswerWords = typeof en.answers;
export type LeaderboardWords = typeof en.leaderboard;
export type LessonWords = typeof en.lesson;

/** Reads a language from a tag such as `zh-Hans-CN`, in any case. */
export function languageOf(tag: string | null | undefined): Language | null {
  const primary = tag?.trim().toLowerCase().split(/[-_]/)[0];
  return languageCodes.find((language) => language === primary) ?? null;
}

/**
 * The language of a page at its start: the link's, else the one chosen earlier,
 * else the first of the browser's languages that the pages have, else English.
 */
export function chooseLanguage(from: {
  readonly url: string | null;
  readonly remembered: string | null;
  readonly browser: readonly string[];
}): Language {
  const wishes = [from.url, from.remembered, ...from.browser];
  return wishes.map(languageOf).find((wish) => wish !== null) ?? "en";
}
