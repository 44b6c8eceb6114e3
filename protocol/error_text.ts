/** What something that was thrown says, for messages and logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Why the system refused something, for a message that names the file or the
 * address: without the number of the error and the call, and without Deno's
 * advice to give flags, which is for who writes the task.
 */
export function systemReason(error: unknown): string {
  return messageOf(error)
    .replace(/ \(os error \d+\).*$/s, "")
    .replace(
      /^Requires (\w+) access to .*, run again with the --(\S+) flag$/s,
      (_, access, flag) =>
        access === "all"
          ? "a program run by Deno may not touch it"
          : `this command has no permission for it: --${flag}`,
    );
}
