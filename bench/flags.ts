import { parseArgs } from "node:util";

/** A flag that cannot be: its message is all there is to say. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/**
 * Node's `parseArgs`.
 *
 * @throws {FlagError} for flags that are not there, or without their value
 */
export const readFlags: typeof parseArgs = (config) => {
  try {
    return parseArgs(config);
  } catch (error) {
    if (error instanceof TypeError) throw new FlagError(error.message);
    throw error;
  }
};

/** @throws {FlagError} unless the text is a whole number, `least` or more */
export function wholeNumber(flag: string, text: string, least = 1): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (number >= least) return number;
  throw new FlagError(
    `--${flag}: not a whole number from ${least} on: ${text}`,
  );
}
