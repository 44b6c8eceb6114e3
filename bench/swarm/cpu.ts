import { processUse } from "./coordinator_process.ts";
import type { Workplace } from "./workplace.ts";

/** Of each group of processes: seconds run, or processors kept busy. */
export interface CpuUse {
  /** All of them together; null where the system does not tell. */
  readonly coordinators: number | null;
  /** A server's; null: there is none, or not on this machine. */
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

/** Processors that each kept busy over so many seconds. */
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
