import * as z from "zod";
import type { Infer } from "./ids.ts";

/** Text shown to people, in both languages of the product. */
export type Text = Infer<typeof Text>;

/** @internal */
export const Text = z.strictObject({ en: z.string(), zh: z.string() });

/** A language's tag: `en`, `zh`, `pt-BR`. */
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/**
 * Text of a user's study, by language. English is required; Chinese and any
 * other language are optional.
 */
export type UserText = Infer<typeof UserText>;

/** @internal */
export const UserText = z.object({ en: z.string() }).catchall(z.string())
  .refine((text) => Object.keys(text).every((key) => LANGUAGE.test(key)), {
    error: "expected a language's tag, such as zh or pt-BR, for each text",
  });

/** The text in this language, or in English if it is missing. */
export function textIn(text: UserText, language: string): string {
  return text[language] ?? text.en;
}

/**
 * Text that somebody else chose, for pages, tables, logs and terminals. Control
 * characters become spaces, because a terminal would obey them. Halves of
 * surrogate pairs become the replacement character.
 *
 * @param most Most characters. Default: any number.
 */
export function untrustedText(most = Infinity): z.ZodString {
  const text = z.string().overwrite(withoutControls);
  return most === Infinity ? text : text.max(most);
}

function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ").toWellFormed();
}
