import { parseBackupOptions } from "./options.ts";
import { backupDatabase } from "../storage/sqlite/copy.ts";
import { describeDatabase } from "../storage/open_storage.ts";
import { describeContents, runForUser } from "./terminal/command_text.ts";

/** The `backup` command. */
if (import.meta.main) {
  await runForUser(async () => {
    const { db, out, force } = parseBackupOptions(Deno.args);
    const contents = await backupDatabase(db, out, { force });
    return `backup written and checked: ${describeDatabase(out)}; ` +
      describeContents(contents);
  });
}
