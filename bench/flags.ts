/** A flag that cannot be: its message is all there is to say. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/** Whether a user's flag is at fault, in the words of `parseArgs` as well. */
export function isFlagError(error: unknown): error is Error {
  return error instanceof FlagError ||
    error instanceof TypeError && "code" in error &&
      String(error.code).startsWith("ERR_PARSE_ARGS_");
}

/** @throws {FlagError} unless the text is a whole number, `least` or more */
export function wholeNumber(flag: string, text: string, least = 1): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (number >= least) return number;
  throw new FlagError(
    `--${flag}: not a whole number from ${least} on: ${text}`,
  );
}
