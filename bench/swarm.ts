import { parseArgs } from "node:util";
import { isServer } from "../coordinator/storage/server_address.ts";
import { FlagError } from "./flags.ts";
import { type Ceiling, findCeiling } from "./swarm/ceiling.ts";
import { measureCost } from "./swarm/cost.ts";
import {
  connectionPorts,
  openFileLimit,
  tooManyVolunteers,
} from "./swarm/descriptors.ts";
import { hold } from "./swarm/hold.ts";
import { measureMemory } from "./swarm/memory.ts";
import { LIMIT } from "./swarm/own_times.ts";
import type { TrialDuration } from "./swarm/pace.ts";
import { unfitServer } from "./swarm/postgres.ts";
import { printReport, type Report, reportJson } from "./swarm/report.ts";

const PARTS = ["hold", "ceiling", "memory", "cost"] as const;
type Part = (typeof PARTS)[number];

const USAGE = `Usage: deno task bench swarm [flags]

Starts a coordinator like \`deno task start --workers 0\`, on a SQLite file or on
a PostgreSQL server. Volunteers call it over HTTP on this machine, from threads
of another process: each is a worker's real session on its own connection, with
a trainer that only waits. Four parts:

  hold     all volunteers at a study's pace, then a restart
  ceiling  cycles of lease, report and complete a second, until the 99th
           percentile of one of them exceeds 50 ms twice; with a server, first
           on a SQLite file, then with each number of coordinators on the
           server, where each worker calls them in turn
  memory   of the coordinator per 1,000 workers
  cost     real training through \`start --workers 2\`, and by the same threads
           without a coordinator, in turns; on a SQLite file

Volunteers measure the times, on the same machine at lower priority than the
coordinator: run nothing else meanwhile. The coordinator also counts the calls
that took at most 50 ms.

  --only LIST           parts to run: hold,cost (default: all)
  --volunteers N        (default: 10000)
  --minutes M           of holding (default: 10)
  --trial-seconds A-B   time of a trial, spread evenly on a logarithmic scale
                        from a fast desktop to a slow phone (default: 20-300)
  --epochs N            epochs of a trial, each reported (default: 10)
  --pages N             open leaderboards meanwhile (default: 5)
  --join-rate N         new volunteers a second (default: 200)
  --outage SECONDS      without a coordinator; 0: no restart (default: 5)
  --threads N           of volunteers (default: 4; with fewer volunteers on a
                        thread, its garbage collector stops it more briefly)
  --db DATABASE         postgres://user@host/database, an empty database: each
                        part uses its own schema, dropped afterwards; or a file
                        for \`hold\`, which is kept (default: a temporary file)
  --coordinators LIST   that share the server, for the ceiling
                        (default: 1,2,4)
  --rate-seconds N      at each rate of the ceiling (default: 10)
  --rounds N            of the cost (default: 5)
  --json                print the figures as JSON`;

/** Measures and prints. */
export async function run(args: string[]): Promise<void> {
  const options = await readOptions(args);
  if (options === null) {
    console.log(USAGE);
    return;
  }
  const report = await measure(options);
  if (options.json) console.log(reportJson(report));
  else printReport(report);
}

interface Options {
  readonly parts: readonly Part[];
  readonly volunteers: number;
  readonly minutes: number;
  readonly pace: TrialDuration;
  readonly epochs: number;
  readonly pages: number;
  readonly joinPerSecond: number;
  readonly outageSeconds: number | null;
  readonly threads: number;
  readonly db: string | undefined;
  readonly coordinators: readonly number[];
  readonly rateSeconds: number;
  readonly rounds: number;
  readonly json: boolean;
}

async function measure(options: Options): Promise<Report> {
  const { parts, rounds } = options;
  const wanted = (part: Part) => parts.includes(part);
  const common = { ...options, say };
  return {
    cores: navigator.hardwareConcurrency,
    hold: wanted("hold") ? await hold(common) : null,
    ceilings: wanted("ceiling") ? await findCeilings(options) : [],
    memory: wanted("memory")
      ? await measureMemory({ ...common, db: serverOf(options) })
      : null,
    cost: wanted("cost")
      ? await measureCost({ rounds, trials: 8, epochs: 3, threads: 2, say })
      : null,
  };
}

/**
 * Ceilings of a SQLite file, and of these numbers of coordinators on a server.
 */
async function findCeilings(options: Options): Promise<Ceiling[]> {
  const { rateSeconds, threads } = options;
  const common = {
    workers: 400,
    threads,
    from: 50,
    growth: 1.25,
    seconds: rateSeconds,
    rates: 20,
    limit: LIMIT,
    say,
  };
  const ceilings = [await findCeiling(common)];
  const db = serverOf(options);
  for (const coordinators of db === undefined ? [] : options.coordinators) {
    ceilings.push(await findCeiling({ ...common, db, coordinators }));
  }
  return ceilings;
}

function serverOf({ db }: Options): string | undefined {
  return db !== undefined && isServer(db) ? db : undefined;
}

/** @returns null if help was asked for */
async function readOptions(args: string[]): Promise<Options | null> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", default: PARTS.join(",") },
      volunteers: { type: "string", default: "10000" },
      minutes: { type: "string", default: "10" },
      "trial-seconds": { type: "string", default: "20-300" },
      epochs: { type: "string", default: "10" },
      pages: { type: "string", default: "5" },
      "join-rate": { type: "string", default: "200" },
      outage: { type: "string", default: "5" },
      threads: { type: "string", default: "4" },
      db: { type: "string" },
      coordinators: { type: "string" },
      "rate-seconds": { type: "string", default: "10" },
      rounds: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const number = (flag: string, text: string, least: number, most: number) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (value >= least && value <= most) return value;
    throw new FlagError(
      `--${flag}: not a number from ${least} to ${most}: ${text}`,
    );
  };
  const whole = (flag: string, text: string, least: number, most: number) => {
    const value = number(flag, text, least, most);
    if (Number.isInteger(value)) return value;
    throw new FlagError(`--${flag}: not a whole number: ${text}`);
  };
  const volunteers = whole("volunteers", values.volunteers, 1, 60_000);
  const problem = tooManyVolunteers(
    volunteers,
    await openFileLimit(),
    await connectionPorts(),
  );
  if (problem !== null) throw new FlagError(problem);
  const [shortest = "", longest = ""] = values["trial-seconds"].split("-");
  const pace = {
    shortest: number("trial-seconds", shortest, 0.1, 86_400),
    longest: number("trial-seconds", longest, 0.1, 86_400),
  };
  if (pace.longest < pace.shortest) {
    throw new FlagError(
      `--trial-seconds: the longest is shorter than the shortest: ${
        values["trial-seconds"]
      }; give the shortest first`,
    );
  }
  const { db, coordinators } = values;
  const server = db !== undefined && isServer(db);
  if (!server && coordinators !== undefined) {
    throw new FlagError(
      `--coordinators: they can share only a server: ${db ?? "no --db"}; ` +
        "name one with --db postgres://user@host/database",
    );
  }
  if (server) {
    const unfit = await unfitServer(db);
    if (unfit !== null) throw new FlagError(`--db: ${unfit}`);
  } else if (db !== undefined && await exists(db)) {
    throw new FlagError(
      `--db: the file exists, and its content would be counted: ${db}; ` +
        "name a file that does not exist",
    );
  }
  const outage = number("outage", values.outage, 0, 60);
  return {
    parts: values.only.split(",").map(part),
    volunteers,
    minutes: number("minutes", values.minutes, 0.01, 60),
    pace,
    epochs: whole("epochs", values.epochs, 1, 1000),
    pages: whole("pages", values.pages, 0, 200),
    joinPerSecond: number("join-rate", values["join-rate"], 1, 5000),
    outageSeconds: outage === 0 ? null : outage,
    threads: whole("threads", values.threads, 1, 16),
    db,
    coordinators: (coordinators ?? "1,2,4").split(",").map((text) =>
      whole("coordinators", text, 1, 16)
    ),
    rateSeconds: number("rate-seconds", values["rate-seconds"], 1, 120),
    rounds: whole("rounds", values.rounds, 1, 50),
    json: values.json,
  };
}

function part(name: string): Part {
  const known = PARTS.find((part) => part === name);
  if (known !== undefined) return known;
  throw new FlagError(`--only: not one of ${PARTS.join(", ")}: ${name}`);
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

function say(line: string): void {
  console.error(`bench swarm: ${line} ...`);
}
