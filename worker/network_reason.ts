/**
 * Why a `fetch` failed, in the fewest words: Deno puts the reason into the
 * cause, behind the address and its own layers; browsers tell no reason.
 */
export function networkReason(error: Error): string {
  const { message } = error.cause instanceof Error ? error.cause : error;
  return message.replace(/^.*client error \(\w+\): /, "");
}
