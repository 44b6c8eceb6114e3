import { plural } from "../../analysis/claims/words.ts";
import { type Contents, date } from "../../storage/sqlite/copy.ts";
import { StorageError } from "../../storage/storage.ts";

/** What the commands `backup` and `restore` say. */

/** What a database holds, for one line. */
export function describeContents(contents: Contents): string {
  const { results, trials, workers, latest } = contents;
  return `${plural(results, "result", "results")}, ` +
    `${plural(trials, "trial", "trials")} planned, ` +
    `${plural(workers, "worker", "workers")}, as of ${date(latest)}`;
}

/** Prints what the work says, or on one line why it cannot be done. */
export async function runForUser(work: () => Promise<string>): Promise<void> {
  try {
    console.log(await work());
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    console.error(`error: ${error.message}`);
    Deno.exitCode = 1;
  }
}
