import * as z from "zod";

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
