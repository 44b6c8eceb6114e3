import { plural } from "../analysis/claims/words.ts";
import { parseMoveOptions } from "./options.ts";
import { moveDatabase } from "../storage/transfer.ts";
import { describeDatabase } from "../storage/open_storage.ts";
import { runForUser } from "./terminal/command_text.ts";

/** The `move` command. */
if (import.meta.main) {
  await runForUser(async () => {
    const { from, to, live } = parseMoveOptions(Deno.args);
    const { studies, trials, results, workers, weights } = await moveDatabase(
      from,
      to,
      { live },
    );
    const counts = [
      plural(studies, "study", "studies"),
      plural(trials, "trial", "trials"),
      plural(results, "result", "results"),
      plural(workers, "worker", "workers"),
      `${plural(weights, "set", "sets")} of weights without a verdict`,
    ].join(", ");
    return `copied into ${describeDatabase(to)} and compared: ${counts}; ` +
      "what was copied is still where it was";
  });
}
