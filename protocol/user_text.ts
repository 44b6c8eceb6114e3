import * as z from "zod";
import type { Infer } from "./ids.ts";

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
