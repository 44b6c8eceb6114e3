import { messageOf } from "../../../protocol/error_text.ts";
import { plural } from "../../analysis/claims/words.ts";
import { type Contents, date } from "../../storage/sqlite/copy.ts";

/** What the commands beside `start` say. */

/** An error that a user can mend: its message is all there is to say. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** What a database holds, for one line. */
export function describeContents(contents: Contents): string {
  const { results, trials, workers, latest } = contents;
  return `${plural(results, "result", "results")}, ` +
    `${plural(trials, "trial", "trials")} planned, ` +
    `${plural(workers, "worker", "workers")}, as of ${date(latest)}`;
}

/** Errors that a user can mend: their message is all there is to say. */
const FOR_USER: ReadonlySet<string> = new Set([
  ...["CommandError", "StartError", "StorageError", "InvalidStudy"],
  ...["DatasetNotFoundError", "IdxError", "NoPagesError"],
]);

/** What a command that failed prints: one line, or a fault of ours whole. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${error}`;
  const { name, message } = error;
  const isForUser = FOR_USER.has(name) || name === "NotCapable" ||
    // The system's word on a file or a socket.
    / \(os error \d+\)/.test(message);
  return isForUser ? `error: ${message}` : error.stack ?? message;
}

/**
 * Prints what the work says, or on one line why it cannot be done, and ends the
 * process: a connection that a server holds open would keep it.
 */
export async function runForUser(work: () => Promise<string>): Promise<never> {
  let said: string;
  try {
    said = await work();
  } catch (error) {
    return fail(failureText(error));
  }
  try {
    console.log(said);
  } catch (error) {
    // The work is done; its report found no room, as on a full disk.
    return fail(`error: ${messageOf(error)}: ${said}`);
  }
  Deno.exit(0);
}

function fail(text: string): never {
  try {
    console.error(text);
  } catch {
    // The status remains.
  }
  Deno.exit(1);
}
