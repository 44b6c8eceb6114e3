import { messageOf } from "../../../protocol/error_text.ts";
import { plural } from "../../analysis/claims/words.ts";
import { type Contents, date } from "../../storage/sqlite/copy.ts";
import { StorageError } from "../../storage/storage.ts";

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

/** Prints what the work says, or on one line why it cannot be done. */
export async function runForUser(work: () => Promise<string>): Promise<void> {
  let said: string;
  try {
    said = await work();
  } catch (error) {
    const isForUser = error instanceof StorageError ||
      error instanceof CommandError;
    if (!isForUser) throw error;
    return complain(error.message);
  }
  try {
    console.log(said);
  } catch (error) {
    // The work is done; its report found no room, as on a full disk.
    complain(`${messageOf(error)}: ${said}`);
  }
}

function complain(message: string): void {
  Deno.exitCode = 1;
  try {
    console.error(`error: ${message}`);
  } catch {
    // The status remains.
  }
}
