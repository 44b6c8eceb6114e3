import * as z from "zod";
import type { Infer } from "./ids.ts";

/** Text shown to people, in both languages of the product. */
export type Text = Infer<typeof Text>;

/** @internal */
export const Text = z.strictObject({
  en: untrustedText(),
  zh: untrustedText(),
});

/** A language's tag: `en`, `zh`, `pt-BR`. */
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/**
 * Text of a user's study, by language. English is required; Chinese and any
 * other language are optional.
 */
export type UserText = Infer<typeof UserText>;

/** @internal */
export const UserText = z.object({ en: untrustedText() })
  .catchall(untrustedText())
  .refine((text) => Object.keys(text).every((key) => LANGUAGE.test(key)), {
    error: "expected a language's tag, such as zh or pt-BR, for each text",
  });

/** The text in this language, or in English if it is missing. */
export function textIn(text: UserText, language: string): string {
  return text[language] ?? text.en;
}

/**
 * Characters that change how the text around them is shown. The first group is
 * obeyed by a terminal or a log: control characters and line separators. The
 * second is invisible: marks that reverse the direction of what follows,
 * zero-width spaces, fillers that look like nothing. Of those, an emoji's
 * selector of style and a joiner between two emoji are harmless.
 */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const INVISIBLE =
  /(?!(?<=\p{Emoji})\ufe0f|(?<=\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?)\u200d\p{Extended_Pictographic})[\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]/u;
const unsafe = new RegExp(`${OBEYED.source}|${INVISIBLE.source}`, "gu");

/**
 * The one function that text of strangers passes before it is shown on a page,
 * in a terminal, a table, a log or a report. Control characters become spaces,
 * invisible ones are removed, and halves of surrogate pairs become the
 * replacement character. All schemas of {@linkcode untrustedText} call it; call
 * it for text that no schema reads, such as an error that quotes a stranger.
 */
export function cleanText(text: string): string {
  return text.toWellFormed()
    .replaceAll(unsafe, (c) => OBEYED.test(c) ? " " : "");
}

/** JSON with these characters as escapes: nothing obeys them, nothing is lost. */
export function escapeUnsafe(json: string): string {
  return json.replaceAll(unsafe, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
    ).join(""));
}

/**
 * Schema of text that somebody else chose, after {@linkcode cleanText}.
 *
 * @param most Most characters. Default: any number.
 */
export function untrustedText(most = Infinity): z.ZodString {
  const text = z.string().overwrite(cleanText);
  return most === Infinity ? text : text.max(most);
}

/** The same for an answer that must not be refused: longer text is cut. */
export function cutText(most: number): z.ZodString {
  return z.string().overwrite((text) => cleanText(text.slice(0, most)));
}
