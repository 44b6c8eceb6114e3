import { computed, signal } from "@preact/signals";
import { createFormats } from "../i18n/format.ts";
import {
  chooseLanguage,
  type Language,
  languageOf,
  languages,
} from "../i18n/language.ts";

import { updateAddress } from "./links.ts";

/** The language that the page is shown in. */
export const language = signal<Language>("en");

/** Numbers as that language writes them. */
export const formats = computed(() => createFormats(language.value));

/** Picks the current language's words from a catalogue. */
export function words<T>(catalogue: Readonly<Record<Language, T>>): T {
  return catalogue[language.value];
}

/** A text that came with the data; the English where it has no other. */
export function localized(
  texts:
    & { readonly en: string }
    & { readonly [code in Language]?: string | undefined },
): string {
  return texts[language.value] ?? texts.en;
}

const MEMORY_KEY = "dropout-swarm.language";

/** Chooses the language when a page starts, and follows the address. */
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

/** The visitor's choice: kept for the next visit, and in links they send. */
export function setLanguage(value: string): void {
  const known = languageOf(value);
  if (known === null) return;
  language.value = known;
  writeMemory(MEMORY_KEY, known);
  updateAddress((query) => query.set("lang", known));
}

/**
 * Small things a browser remembers between visits. Where storage is blocked
 * or full the pages work all the same, and forget.
 */

/** Null where nothing is remembered. */
export function readMemory(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeMemory(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Forgotten at the next visit.
  }
}
