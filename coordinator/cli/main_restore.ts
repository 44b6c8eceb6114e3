import { parseRestoreOptions } from "./options.ts";
import { restoreDatabase } from "../storage/sqlite/copy.ts";
import { describeDatabase } from "../storage/open_storage.ts";
import { describeContents, runForUser } from "./terminal/command_text.ts";

/** The `restore` command. */
if (import.meta.main) {
  await runForUser(async () => {
    const { from, db, force } = parseRestoreOptions(Deno.args);
    const { contents, replaced } = await restoreDatabase(from, db, { force });
    const kept = replaced === null ? "" : `; what was there is ${replaced}`;
    return `restored and checked: ${describeDatabase(db)}; ` +
      `${describeContents(contents)}${kept}`;
  });
}
