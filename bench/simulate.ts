import { parseArgs } from "node:util";
import { failureText, Tally } from "../tests/simulation/report.ts";
import { simulate } from "../tests/simulation/simulate.ts";
import { FlagError, wholeNumber } from "./flags.ts";

const USAGE = `Usage: deno task bench simulate [flags]

Simulates the whole swarm on virtual time, one world a seed: the real
coordinator, storage, routes and worker sessions, over a network that loses,
delays, repeats and reorders, with volunteers that die, freeze, hang and lie, and
a coordinator that crashes at any storage operation. After each step the
invariants are checked. A failing seed is printed with the events before it.

  --seeds N         worlds (default: 1000)
  --from N          the first seed (default: 1)
  --seed N          this one alone
  --storage NAME    memory or sqlite (default: memory)
  --trace           print everything that happens`;

/** Simulates and prints; sets a non-zero exit status on a failure. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      storage: { type: "string", default: "memory" },
      trace: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { storage } = values;
  const first = values.seed === undefined
    ? wholeNumber("from", values.from, 0)
    : wholeNumber("seed", values.seed, 0);
  const count = values.seed === undefined
    ? wholeNumber("seeds", values.seeds)
    : 1;
  if (storage !== "memory" && storage !== "sqlite") {
    throw new FlagError(`--storage: not memory or sqlite: ${storage}`);
  }
  const tally = new Tally();
  const started = performance.now();
  for (let seed = first; seed < first + count; seed++) {
    const report = await simulate({
      seed,
      storage,
      ...values.trace ? { onTrace: (line: string) => console.log(line) } : {},
    });
    tally.add(report);
    if (report.complaints.length > 0) console.error(failureText(report));
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(`${tally}\n  in ${seconds.toFixed(1)} s, on ${storage}`);
  if (tally.failed > 0) Deno.exitCode = 1;
}
