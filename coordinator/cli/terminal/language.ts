/** A language of the product. */
export type Language = "en" | "zh";

/**
 * The language of a terminal, from its environment: Chinese where the locale
 * says so, English everywhere else. `LC_ALL` goes before `LC_MESSAGES`, and
 * that before `LANG`, as POSIX has it; an empty one counts as not set.
 */
export function terminalLanguage(
  variable: (name: string) => string | undefined,
): Language {
  const locale = variable("LC_ALL") || variable("LC_MESSAGES") ||
    variable("LANG") || "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** How text is to look: pure rendering needs nothing else of a terminal. */
export interface TextStyle {
  /** Whether to write escape codes for colours. */
  readonly colour: boolean;
  /** Width to fit in; at least 40. */
  readonly columns: number;
  /** Of the words; numbers are the same in both. */
  readonly language: Language;
}
