import { processUse } from "./coordinator_process.ts";
import type { TrialDuration } from "./pace.ts";
import { inWorkplace, pause, STEPS_PER_EPOCH } from "./workplace.ts";

export interface MemoryOptions {
  readonly volunteers: number;
  readonly threads: number;
  readonly joinPerSecond: number;
  readonly db?: string | undefined;
  readonly say: (line: string) => void;
}

/** Memory that the coordinator needs for its workers. */
export interface MemoryUse {
  /** Megabytes at each number of workers, the first without any. */
  readonly samples: readonly (readonly [workers: number, megabytes: number])[];
  /** Slope of the least-squares line through them. */
  readonly perThousand: number;
}

const STEPS = 5;
/** So slow that workers only keep their leases. */
const pace: TrialDuration = { shortest: 36_000, longest: 36_000 };
/** Seconds to free memory used by joining, and for heartbeats. */
const SETTLE = 12;
/** Minimum over this many checks: the memory after garbage collection. */
const LOOKS = 10;

/**
 * The coordinator's memory as workers join, each with a connection, a lease and
 * heartbeats. Null if the system does not say.
 */
export async function measureMemory(
  { volunteers, threads, joinPerSecond, db, say }: MemoryOptions,
): Promise<MemoryUse | null> {
  return await inWorkplace(
    { trials: volunteers, epochs: 10, threads, db },
    async ({ crowd, coordinator: { url, pid } }) => {
      if (await processUse(pid) === null) return null;
      const samples: [number, number][] = [];
      const each = Math.ceil(volunteers / STEPS / threads);
      for (let step = 0; step <= STEPS; step++) {
        if (step > 0) {
          await crowd.each((thread, i) =>
            thread.join({
              url,
              first: ((step - 1) * threads + i) * each,
              count: each,
              perSecond: joinPerSecond / threads,
              pace,
              epochs: 10,
              stepsPerEpoch: STEPS_PER_EPOCH,
            })
          );
        }
        await pause(SETTLE);
        const workers = step * each * threads;
        const megabytes = await leastMemory(pid);
        say(`${workers} workers: ${megabytes.toFixed(0)} MB`);
        samples.push([workers, megabytes]);
      }
      return { samples, perThousand: 1000 * slope(samples) };
    },
  );
}

async function leastMemory(pid: number): Promise<number> {
  let least = Infinity;
  for (let look = 0; look < LOOKS; look++) {
    const use = await processUse(pid);
    least = Math.min(least, (use?.memory ?? NaN) / 1e6);
    await pause(0.2);
  }
  return least;
}

/** Slope of the least-squares line. */
export function slope(
  points: readonly (readonly [x: number, y: number])[],
): number {
  const mean = (of: 0 | 1) =>
    points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  const sum = (f: (x: number, y: number) => number) =>
    points.reduce((total, [x, y]) => total + f(x - x0, y - y0), 0);
  return sum((x, y) => x * y) / sum((x) => x * x);
}
