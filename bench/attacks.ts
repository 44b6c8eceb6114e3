import { parseArgs } from "node:util";
import { openArena, type Score } from "../tests/attacks/arena.ts";
import { liars } from "../tests/attacks/liars.ts";
import { wholeNumber } from "./flags.ts";

/**
 * Runs liars on studies with real routes, real training and a real verifier,
 * and counts how many lies were caught and at what cost.
 */

const HELP = `Usage: deno task bench attacks [flags]
  --seeds N        studies of each kind of liar (default: 10)
  --replicates N   of five grid points (default: 8)`;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: "string", default: "10" },
      replicates: { type: "string", default: "8" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const seeds = wholeNumber("seeds", values.seeds);
  const replicates = wholeNumber("replicates", values.replicates);
  const arena = await openArena(replicates);
  try {
    console.log(
      "| liar | lies | refused | taken back | standing | lies until caught | " +
        "flagged | honest refused | epochs repeated |\n" +
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    );
    for (const [name, make] of Object.entries(liars)) {
      const scores: Score[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        scores.push(await arena.play(make, seed));
      }
      const sum = (of: (score: Score) => number) =>
        scores.reduce((total, score) => total + of(score), 0);
      const caught = scores.flatMap(({ untilCaught }) => untilCaught ?? []);
      const mean = caught.reduce((a, b) => a + b, 0) / caught.length;
      const studies = caught.length === 0
        ? "never"
        : caught.length === seeds
        ? mean.toFixed(1)
        : `${mean.toFixed(1)} in ${caught.length} of ${seeds} studies`;
      const flagged = scores.filter((score) => score.flagged).length;
      const wronged = scores.filter((score) => score.honestFlagged).length;
      const repeated = sum((s) => s.repeatedEpochs) /
        sum((s) => s.studyEpochs);
      console.log(
        `| ${name} | ${sum((s) => s.lies)} | ${sum((s) => s.refused)} | ` +
          `${sum((s) => s.withdrawn)} | ${sum((s) => s.standing)} | ` +
          `${studies} | ${flagged} of ${seeds}` +
          `${wronged === 0 ? "" : `, honest ${wronged}`} | ${
            sum((s) => s.honestRefused)
          } of ` +
          `${sum((s) => s.honestTrainings)} | ` +
          `${(100 * repeated).toFixed(0)}% of the study's |`,
      );
    }
    const { said, counted } = await arena.replay(1);
    console.log(`\nreplayed leases: ${counted} of ${said} counted`);
  } finally {
    await arena.close();
  }
}
