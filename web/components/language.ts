import { computed, signal } from "@preact/signals";
import { createFormats } from "../i18n/format.ts";
import {
  chooseLanguage,
  type Language,
  languageOf,
  languages,
} from "../i18n/language.ts";
import { basePath, updateAddress } from "./links.ts";

/** The language of the page. */
export const language = signal<Language>("en");

/** The number formats of that language. */
export const formats = computed(() => createFormats(language.value));

/** Picks the current language's words from a catalogue. */
export function words<T>(catalogue: Readonly<Record<Language, T>>): T {
  return catalogue[language.value];
}

/** A text from the data; English if it has no other language. */
export function localized(
  texts:
    & { readonly en: string }
    & { readonly [code in Language]?: string | undefined },
): string {
  return texts[language.value] ?? texts.en;
}

const MEMORY_KEY = "dropout-swarm.language";

/** Chooses the language when a page starts and when its URL changes. */
export function startLanguage(): void {
  const choose = () => {
    language.value = chooseLanguage({
      url: new URLSearchParams(location.search).get("lang"),
      remembered: readMemory(MEMORY_KEY),
      browser: navigator.languages,
    });
  };
  choose();
  language.subscribe((value) => {
    document.documentElement.lang = languages[value].tag;
  });
  globalThis.addEventListener("popstate", choose);
}

/** Keeps the visitor's choice for the next visit and in the page's URL. */
export function setLanguage(value: string): void {
  const known = languageOf(value);
  if (known === null) return;
  language.value = known;
  writeMemory(MEMORY_KEY, known);
  updateAddress((query) => query.set("lang", known));
}

/**
 * What the browser stores between visits, apart for each coordinator of an
 * origin: a proxy may have several under different paths. The pages also work
 * if the storage is blocked or full.
 */

/** Null if nothing is stored. */
export function readMemory(key: string): string | null {
  try {
    return localStorage.getItem(key + basePath());
  } catch {
    return null;
  }
}

export function writeMemory(key: string, value: string): void {
  try {
    localStorage.setItem(key + basePath(), value);
  } catch {
    // The next visit uses the default.
  }
}
