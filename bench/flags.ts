/** A wrong flag: the message is all that is shown. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/** Whether the error is a wrong flag, `parseArgs`' own errors included. */
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
