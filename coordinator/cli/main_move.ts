import { parseMoveOptions } from "./options.ts";
import { moveDatabase } from "../storage/transfer.ts";
import { describeDatabase } from "../storage/open_storage.ts";
import { runForUser } from "./terminal/copy_text.ts";

/** The `move` command. */
if (import.meta.main) {
  await runForUser(async () => {
    const { from, to, live } = parseMoveOptions(Deno.args);
    const { studies, trials, results, workers, weights } = await moveDatabase(
      from,
      to,
      { live },
    );
    return `copied into ${
      describeDatabase(to)
    } and compared: ${studies} studies, ${trials} trials, ` +
      `${results} results, ${workers} workers, ${weights} sets of weights ` +
      "that wait for a verdict; what was copied is still where it was";
  });
}
