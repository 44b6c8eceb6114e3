import { join } from "node:path";
import type * as z from "zod";
import { PATIENCE } from "./processes.ts";
import { writeTinyDataset } from "./tiny_dataset.ts";

/** A study small enough for real processes to finish in a test. */

export interface TinyStudy {
  /** Path of its file. */
  readonly path: string;
  /** Folder with its data set. */
  readonly data: string;
  readonly id: string;
  readonly trials: number;
  readonly epochs: number;
}

const ID = "tiny";
const POINTS = [[0, 0], [0.2, 0.5], [0.5, 0.2], [0.5, 0.5]] as const;

export async function writeTinyStudy(
  folder: string,
  options: {
    readonly replicates: number;
    readonly epochs: number;
    readonly examples: number;
  },
): Promise<TinyStudy> {
  const { replicates, epochs, examples } = options;
  const { definition } = await writeTinyDataset(folder, examples, 500);
  const path = join(folder, "study.json");
  const points = POINTS.map(([dropout1, dropout2]) => ({ dropout1, dropout2 }));
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      id: ID,
      title: { en: "Tiny", zh: "小" },
      dataset: definition,
      searchSpace: { points },
      replicates,
      // So small that processes, not steps, are what a test's time goes into.
      recipe: { epochs, learningRate: 0.1, hiddenSizes: [32, 32] },
    }),
  );
  const trials = points.length * replicates;
  return { path, data: folder, id: ID, trials, epochs };
}

/** A port that was free a moment ago: a restarted coordinator needs it too. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

export async function get<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(url);
  return schema.parse(await response.json());
}

/** Milliseconds between looks at the coordinator. */
const LOOK = 100;
/** Asks until the answer will do; a coordinator that is away is asked again. */
export async function until<T>(
  ask: () => Promise<T>,
  willDo: (answer: T) => boolean,
): Promise<T> {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (willDo(answer)) return answer;
    } catch (error) {
      // Not listening yet, or not any more.
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  throw new Error("waited too long");
}
