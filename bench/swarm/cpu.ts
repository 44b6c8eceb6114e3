import { processUse } from "./coordinator_process.ts";
import type { Workplace } from "./workplace.ts";

/** For each group of processes: seconds run, or processors used. */
export interface CpuUse {
  /** All coordinators together; null if the system does not say. */
  readonly coordinators: number | null;
  /** The database server; null: none, or not on this machine. */
  readonly database: number | null;
  /** The bench itself. */
  readonly volunteers: number | null;
}

/** Seconds that each group has run so far. */
export async function readCpu(
  { coordinator, others, database }: Workplace,
): Promise<CpuUse> {
  const [volunteers, server, ...all] = await Promise.all([
    secondsOf(Deno.pid),
    database.cpuSeconds(),
    ...[coordinator, ...others].map(({ pid }) => secondsOf(pid)),
  ]);
  return {
    coordinators: all.reduce(
      (sum, seconds) => sum === null || seconds === null ? null : sum + seconds,
      0,
    ),
    database: server,
    volunteers,
  };
}

async function secondsOf(pid: number): Promise<number | null> {
  return (await processUse(pid))?.cpuSeconds ?? null;
}

/** Processors that each group used during these seconds. */
export function cpuBetween(
  before: CpuUse,
  after: CpuUse,
  seconds: number,
): CpuUse {
  const busy = (of: keyof CpuUse) => {
    const [from, to] = [before[of], after[of]];
    return from === null || to === null ? null : (to - from) / seconds;
  };
  return {
    coordinators: busy("coordinators"),
    database: busy("database"),
    volunteers: busy("volunteers"),
  };
}
