import { join } from "node:path";
import { writeTinyDataset } from "../../tests/tiny_dataset.ts";
import {
  type CoordinatorProcess,
  freePort,
  startCoordinator,
} from "./coordinator_process.ts";
import { type Crowd, startCrowd } from "./crowd.ts";
import { type Database, newDatabase } from "./database.ts";

/**
 * Examples of the data set: 12 steps an epoch, which decide the length of
 * leases.
 */
const EXAMPLES = 3000;
export const STEPS_PER_EPOCH = Math.ceil(EXAMPLES / 256);

/** Rates on each axis of the square. */
const RATES = Array.from({ length: 20 }, (_, i) => i * 5 / 100);

export interface WorkplaceOptions {
  /** The study has at least this many trials. */
  readonly trials: number;
  readonly epochs: number;
  /** Threads of volunteers. */
  readonly threads: number;
  /** Whether to add one thread with normal priority. Default: false. */
  readonly watched?: boolean;
  /** A server's address, or the path of a file; default: a temporary file. */
  readonly db?: string | undefined;
  /** Coordinators on the database. Default: 1. */
  readonly coordinators?: number;
}

/** One or more coordinators, a crowd, and a study large enough for all. */
export interface Workplace {
  readonly crowd: Crowd;
  readonly database: Database;
  readonly trials: number;
  coordinator: CoordinatorProcess;
  /** Other coordinators on the same database. */
  readonly others: readonly CoordinatorProcess[];
  /** Restarts the coordinator on the same database and port. */
  restart(): Promise<CoordinatorProcess>;
}

/** Sets everything up, and cleans up in any case. */
export async function inWorkplace<T>(
  options: WorkplaceOptions,
  work: (workplace: Workplace) => Promise<T>,
): Promise<T> {
  const { trials, epochs, threads, watched, coordinators = 1 } = options;
  const folder = await Deno.makeTempDir({ prefix: "dropout-swarm-bench-" });
  const crowd = await startCrowd(threads, watched);
  const others: CoordinatorProcess[] = [];
  let database: Database | undefined;
  let workplace: Workplace | undefined;
  const clear = async () => {
    crowd.close();
    await workplace?.coordinator.kill();
    await Promise.all(others.map((other) => other.kill()));
    await Deno.remove(folder, { recursive: true });
    await database?.close();
  };
  const interrupted = () => void clear().then(() => Deno.exit(130));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, interrupted);
  try {
    const { definition } = await writeTinyDataset(folder, EXAMPLES, 500);
    const study = join(folder, "study.json");
    const replicates = Math.ceil(trials / RATES.length ** 2);
    await Deno.writeTextFile(
      study,
      JSON.stringify({
        id: "load",
        title: { en: "Load", zh: "负载" },
        dataset: definition,
        searchSpace: { grid: { dropout1: RATES, dropout2: RATES } },
        replicates,
        recipe: { epochs },
      }),
    );
    const opened = database = await newDatabase(options.db, folder);
    const port = freePort();
    const start = (port: number) =>
      startCoordinator({ study, db: opened.address, data: folder, port });
    const made: Workplace = {
      crowd,
      database: opened,
      trials: replicates * RATES.length ** 2,
      coordinator: await start(port),
      others,
      restart: async () => made.coordinator = await start(port),
    };
    workplace = made;
    while (others.length < coordinators - 1) {
      others.push(await start(freePort()));
    }
    return await work(made);
  } finally {
    for (const signal of signals) {
      Deno.removeSignalListener(signal, interrupted);
    }
    await clear();
  }
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
