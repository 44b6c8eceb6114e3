import { computed, signal } from "@preact/signals";
import { createFormats } from "../i18n/format.ts";
import {
  chooseLanguage,
  type Language,
  languageOf,
  languageTags,
} from "../i18n/language.ts";
import { readMemory, writeMemory } from "./memory.ts";
import { updateAddress } from "./address.ts";

/** The language that the page is shown in. */
export const language = signal<Language>("en");

/** Numbers as that language writes them. */
export const formats = computed(() => createFormats(language.value));

/** Picks the current language's words from a catalogue. */
export function words<T>(catalogue: Readonly<Record<Language, T>>): T {
  return catalogue[language.value];
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
    document.documentElement.lang = languageTags[value];
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
