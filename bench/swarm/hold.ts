import * as z from "zod";
import { type ProcessUse, processUse } from "./coordinator_process.ts";
import type { Latencies } from "./latencies.ts";
import type { Ledger } from "./ledger.ts";
import { addSeen, answered, createSeen, type Seen } from "./meter.ts";
import { type OwnTimes, ownTimesBetween, readOwnTimes } from "./own_times.ts";
import { secondsPerTrial, type TrialDuration } from "./pace.ts";
import { startReaders } from "./reader.ts";
import {
  inWorkplace,
  pause,
  STEPS_PER_EPOCH,
  type Workplace,
} from "./workplace.ts";

export interface HoldOptions {
  readonly volunteers: number;
  readonly minutes: number;
  readonly pace: TrialDuration;
  readonly epochs: number;
  readonly threads: number;
  /** Open leaderboards. */
  readonly pages: number;
  /** New volunteers a second, on all threads together. */
  readonly joinPerSecond: number;
  /** Seconds without a coordinator; null: no restart. */
  readonly outageSeconds: number | null;
  readonly db?: string | undefined;
  readonly say: (line: string) => void;
}

/** Volunteers at a study's own pace. */
export interface Held {
  readonly volunteers: number;
  readonly trials: number;
  readonly minutes: number;
  /** After all had joined, and before the restart. */
  readonly seen: Seen;
  /** Measured by the volunteers on the thread with normal priority. */
  readonly watched: Seen;
  /** The same calls, as the coordinator timed them. */
  readonly own: OwnTimes;
  readonly answeredPerSecond: number;
  /** Fewest workers that the coordinator counted as online. */
  readonly fewestOnline: number;
  /** Milliseconds in which an open page got its leaderboard. */
  readonly leaderboard: Latencies;
  readonly use: {
    readonly memory: number;
    /** Processors used. */
    readonly cpu: number;
    readonly files: number;
  } | null;
  readonly storm: Storm | null;
  /** Abandoned trials by reason, in total. */
  readonly abandoned: Readonly<Record<string, number>>;
  /** Why volunteers stopped by themselves, one message each. */
  readonly stopped: readonly string[];
  readonly ledger: Ledger;
}

/** The return of all volunteers after a restart. */
export interface Storm {
  readonly outageSeconds: number;
  /** From the start of the new process until it answered. */
  readonly startSeconds: number;
  /** From the first answer until half, 99 of 100, and all had one. */
  readonly halfBack: number;
  readonly mostBack: number;
  readonly allBack: number | null;
  readonly back: number;
  readonly seen: Seen;
}

/** Most volunteers on the thread with normal priority. */
const WATCHERS = 100;
/** Seconds between checks of who is online. */
const LOOK = 10;
/** Seconds that the last volunteer may take to return. */
const PATIENCE = 180;
/** For all threads together. */
const LEAVE_PER_SECOND = 400;

/** Trials that this many volunteers finish, with a reserve. */
function trialsNeeded(
  { volunteers, minutes, pace }: HoldOptions,
): number {
  // Joining, a restart and leaving take time as well.
  const seconds = 1.2 * minutes * 60 + 30;
  let trials = 0;
  for (let i = 0; i < volunteers; i++) {
    trials += seconds / secondsPerTrial(i, pace) + 1;
  }
  return Math.ceil(trials);
}

export async function hold(options: HoldOptions): Promise<Held> {
  const { epochs, threads, db } = options;
  const trials = trialsNeeded(options);
  return await inWorkplace(
    { trials, epochs, threads, db, watched: true },
    (workplace) => holdIn(workplace, options),
  );
}

async function holdIn(
  workplace: Workplace,
  options: HoldOptions,
): Promise<Held> {
  const { volunteers, minutes, pages, say } = options;
  const { crowd, trials } = workplace;
  const { url, pid } = workplace.coordinator;
  say(`${volunteers} volunteers join`);
  await joinAll(workplace, options);
  const patience = performance.now() + PATIENCE * 1000;
  while (await crowd.heardSince(1) < volunteers) {
    if (performance.now() > patience) {
      throw new Error(
        `some of the volunteers did not join within ${PATIENCE} seconds: ` +
          `${volunteers}; lower --join-rate`,
      );
    }
    await pause(0.1);
  }
  await crowd.collect();

  say(`${minutes} minutes at a study's pace`);
  const readers = startReaders(url, pages);
  const before = await processUse(pid);
  const ownBefore = await readOwnTimes(url);
  const [seen, watched] = [createSeen(), createSeen()];
  let fewestOnline = Infinity;
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / 1000;
  while (elapsed() < minutes * 60) {
    await pause(Math.min(LOOK, minutes * 60 - elapsed()));
    for (const [thread, some] of (await crowd.collectEach()).entries()) {
      addSeen(seen, some);
      if (thread === crowd.watching) addSeen(watched, some);
    }
    fewestOnline = Math.min(fewestOnline, await online(url));
  }
  const seconds = elapsed();
  const after = await processUse(pid);
  const own = ownTimesBetween(ownBefore, await readOwnTimes(url));
  const leaderboard = await readers.stop();

  const storm = options.outageSeconds === null
    ? null
    : await restartUnder(workplace, options, options.outageSeconds);
  say("the volunteers leave");
  const stopped = await leaveAll(workplace);
  const accepted = await crowd.accepted();
  const abandoned: Record<string, number> = {};
  for (const some of await crowd.each((thread) => thread.abandoned())) {
    for (const [reason, n] of Object.entries(some)) {
      abandoned[reason] = (abandoned[reason] ?? 0) + n;
    }
  }
  await workplace.coordinator.stop();
  return {
    volunteers,
    trials,
    minutes,
    seen,
    watched,
    own,
    answeredPerSecond: answered(seen) / seconds,
    fewestOnline,
    leaderboard,
    use: useBetween(before, after, seconds),
    storm,
    abandoned,
    stopped,
    ledger: await workplace.database.readLedger(accepted),
  };
}

async function joinAll(
  { crowd, coordinator: { url } }: Workplace,
  { volunteers, pace, epochs, joinPerSecond }: HoldOptions,
): Promise<void> {
  // They are so few that they hardly use the processors.
  const watching = Math.min(WATCHERS, Math.floor(volunteers / 10));
  const working = volunteers - watching;
  const each = Math.ceil(working / (crowd.size - 1));
  await crowd.each((thread, i) => {
    const [first, count] = i === crowd.watching
      ? [working, watching]
      : [i * each, Math.min(each, working - i * each)];
    return thread.join({
      url,
      first,
      count,
      perSecond: joinPerSecond / crowd.size,
      pace,
      epochs,
      stepsPerEpoch: STEPS_PER_EPOCH,
    });
  });
}

async function leaveAll({ crowd }: Workplace): Promise<string[]> {
  const stopped = await crowd.each((thread) =>
    thread.leave(LEAVE_PER_SECOND / crowd.size)
  );
  return stopped.flat();
}

async function restartUnder(
  workplace: Workplace,
  { volunteers, say }: HoldOptions,
  outageSeconds: number,
): Promise<Storm> {
  const { crowd } = workplace;
  say(`the coordinator is killed, and back after ${outageSeconds} s`);
  await crowd.collect();
  await workplace.coordinator.kill();
  await pause(outageSeconds);
  const started = Date.now();
  await workplace.restart();
  const up = Date.now();
  const backAfter: number[] = [];
  const shares = [0.5, 0.99, 1];
  let back = 0;
  while (backAfter.length < shares.length) {
    const seconds = (Date.now() - up) / 1000;
    if (seconds > PATIENCE) break;
    await pause(0.05);
    back = await crowd.heardSince(up);
    while ((shares[backAfter.length] ?? Infinity) * volunteers <= back) {
      backAfter.push((Date.now() - up) / 1000);
    }
  }
  const [halfBack = NaN, mostBack = NaN, allBack = null] = backAfter;
  return {
    outageSeconds,
    startSeconds: (up - started) / 1000,
    halfBack,
    mostBack,
    allBack,
    back,
    seen: await crowd.collect(),
  };
}

const Online = z.object({ online: z.number() });

async function online(url: string): Promise<number> {
  const response = await fetch(`${url}/api/workers?limit=1`, {
    signal: AbortSignal.timeout(60_000),
  });
  return Online.parse(await response.json()).online;
}

function useBetween(
  before: ProcessUse | null,
  after: ProcessUse | null,
  seconds: number,
): Held["use"] {
  if (before === null || after === null) return null;
  return {
    memory: after.memory,
    cpu: (after.cpuSeconds - before.cpuSeconds) / seconds,
    files: after.files,
  };
}
