/** The languages of the product, and how one is chosen. */

export const languages = ["en", "zh"] as const;
export type Language = typeof languages[number];

/** What `lang` and `Intl` call them: `zh` is written in simplified characters. */
export const languageTags = { en: "en", zh: "zh-CN" } as const satisfies Record<
  Language,
  string
>;

/** Reads a language from a tag such as `zh-Hans-CN`, case not minded. */
export function languageOf(tag: string | null | undefined): Language | null {
  const primary = tag?.trim().toLowerCase().split(/[-_]/)[0];
  return languages.find((language) => language === primary) ?? null;
}

/**
 * The language to start in: the link's, else the one chosen before, else the
 * first of the browser's own that we speak, else English.
 */
export function chooseLanguage(from: {
  readonly url: string | null;
  readonly remembered: string | null;
  readonly browser: readonly string[];
}): Language {
  const wishes = [from.url, from.remembered, ...from.browser];
  return wishes.map(languageOf).find((wish) => wish !== null) ?? "en";
}
