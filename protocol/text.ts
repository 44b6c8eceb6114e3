import * as z from "zod";
import type { Infer } from "./ids.ts";

/** Text shown to people, in both languages of the product. */
export type Text = Infer<typeof Text>;

/** @internal */
export const Text = z.strictObject({ en: z.string(), zh: z.string() });

/** A language's tag: `en`, `zh`, `pt-BR`. */
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/**
 * Words that came with a user's study, by language: English must be there,
 * Chinese and any other language may be.
 */
export type UserText = Infer<typeof UserText>;

/** @internal */
export const UserText = z.object({ en: z.string() }).catchall(z.string())
  .refine((text) => Object.keys(text).every((key) => LANGUAGE.test(key)), {
    error: "expected a language's tag, such as zh or pt-BR, for each text",
  });

/** The words in this language; the English where they have no other. */
export function textIn(text: UserText, language: string): string {
  return text[language] ?? text.en;
}

/**
 * Text that somebody else chose, on its way to pages, tables, logs and
 * terminals. Control characters, which a terminal obeys, become spaces, and
 * halves of surrogate pairs the replacement character.
 *
 * @param most Characters at most. Default: any number.
 */
export function untrustedText(most = Infinity): z.ZodString {
  const text = z.string().overwrite(withoutControls);
  return most === Infinity ? text : text.max(most);
}

function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ").toWellFormed();
}
