import { join } from "node:path";
import { writeTinyDataset } from "../../tests/tiny_dataset.ts";
import {
  type CoordinatorProcess,
  freePort,
  startCoordinator,
} from "./coordinator_process.ts";
import { type Crowd, startCrowd } from "./crowd.ts";

/** Examples of the data set: 12 steps an epoch, which sizes the leases. */
const EXAMPLES = 3000;
export const STEPS_PER_EPOCH = Math.ceil(EXAMPLES / 256);

/** Rates on each axis of the square. */
const RATES = Array.from({ length: 20 }, (_, i) => i * 5 / 100);

export interface WorkplaceOptions {
  /** Trials that the study has at least. */
  readonly trials: number;
  readonly epochs: number;
  /** Threads of volunteers. */
  readonly threads: number;
  /** Path of the SQLite file; default: in a folder that is thrown away. */
  readonly db?: string | undefined;
  readonly v8Flags?: string | undefined;
  readonly log?: ((line: string) => void) | undefined;
}

/** A coordinator, a crowd, and a study large enough for both. */
export interface Workplace {
  readonly crowd: Crowd;
  readonly db: string;
  readonly trials: number;
  coordinator: CoordinatorProcess;
  /** Starts a coordinator again, on the same file and port. */
  restart(): Promise<CoordinatorProcess>;
}

/** Sets it all up, and clears it away whatever happens. */
export async function inWorkplace<T>(
  { trials, epochs, threads, db: given, v8Flags, log }: WorkplaceOptions,
  work: (workplace: Workplace) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "dropout-swarm-bench-" });
  const crowd = startCrowd(threads);
  let workplace: Workplace | undefined;
  const clear = async () => {
    crowd.close();
    await workplace?.coordinator.kill();
    await Deno.remove(folder, { recursive: true });
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
    const db = given ?? join(folder, "swarm.db");
    const port = freePort();
    const start = () =>
      startCoordinator({
        study,
        db,
        data: folder,
        port,
        ...v8Flags !== undefined && { v8Flags },
        ...log !== undefined && { log },
      });
    const made: Workplace = {
      crowd,
      db,
      trials: replicates * RATES.length ** 2,
      coordinator: await start(),
      restart: async () => made.coordinator = await start(),
    };
    workplace = made;
    return await work(made);
  } finally {
    for (const signal of signals) {
      Deno.removeSignalListener(signal, interrupted);
    }
    await clear();
  }
}

/** Resolves after so many seconds. */
export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
