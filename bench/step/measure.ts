import { median } from "../../coordinator/analysis/statistics/statistics.ts";
import type { Contender, EpochTimes, Profile, Rates } from "./requests.ts";

/** From no dropout to a dropout of nearly everything. */
export const STEP_RATES: readonly Rates[] = [
  [0, 0],
  [0.2, 0.5],
  [0.5, 0.8],
  [0.8, 0.8],
];

/** The lesson's points, its baseline first. */
export const SEED_POINTS: readonly Rates[] = [
  [0.2, 0.5],
  [0.5, 0.8],
  [0.02, 0.02],
  [0.8, 0.3],
  [0.1, 0.3],
  [0.3, 0.1],
  [0.02, 0.05],
  [0.2, 0.2],
  [0.6, 0.6],
  [0.4, 0.4],
];

/** Steps before the count starts, because engines compile hot code. */
const WARM_UP = 150;
/** Milliseconds of a contender's turn. */
const TURN = 120;

export interface StepTimes {
  readonly rates: Rates;
  readonly contender: string;
  /** Median milliseconds a step. */
  readonly median: number;
  /** Nine in ten steps took longer. */
  readonly tenth: number;
  /** Median over the rounds of (the round's median / the first contender's). */
  readonly ratio: number;
}

/**
 * Measures steps of every contender at every rate, in turns. Ratios are taken
 * within a round, when the machine's speed was about the same for all.
 */
export async function measureSteps(
  contenders: readonly Contender[],
  rates: readonly Rates[],
  rounds: number,
): Promise<StepTimes[]> {
  const turns = new Map<Contender, number>();
  for (const contender of contenders) {
    const [first = 0] = await contender.steps([0.2, 0.5], 1);
    const [second = first] = await contender.steps([0.2, 0.5], 1);
    // Warming up a slow contender takes long and hardly changes its times.
    const slow = second > 40;
    if (!slow) await contender.steps([0.2, 0.5], WARM_UP);
    const [last = second] = await contender.steps([0.2, 0.5], slow ? 1 : 5);
    turns.set(contender, Math.max(1, Math.round(TURN / last)));
  }
  const times: StepTimes[] = [];
  for (const rate of rates) {
    const samples = contenders.map((): number[][] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, contender] of contenders.entries()) {
        const count = turns.get(contender) ?? 1;
        samples[i]?.push([...await contender.steps(rate, count)]);
      }
    }
    contenders.forEach(({ name }, i) => {
      const mine = samples[i] ?? [];
      const all = mine.flat().toSorted((a, b) => a - b);
      times.push({
        rates: rate,
        contender: name,
        median: median(all),
        tenth: all[Math.floor(all.length / 10)] ?? NaN,
        ratio: median(
          mine.map((turn, round) =>
            median(turn) / median(samples[0]?.[round] ?? [])
          ),
        ),
      });
    });
  }
  return times;
}

export interface ProfileAt extends Profile {
  readonly rates: Rates;
  /** GFLOP/s of multiply-adds in registers, measured in the same run. */
  readonly peak: number;
}

/** Where a step's time goes, at each rate. */
export async function measureProfile(
  contender: Contender,
  rates: readonly Rates[],
): Promise<ProfileAt[]> {
  const profiles: ProfileAt[] = [];
  for (const rate of rates) {
    const profile = await contender.profile(rate, 100);
    profiles.push({ rates: rate, peak: await contender.peak(), ...profile });
  }
  return profiles;
}

export interface ThreadTimes {
  /** Steps a second of one thread while the other waits. */
  readonly one: number;
  /** Steps a second of both together. */
  readonly two: number;
  /** Median of two by one, round by round. */
  readonly ratio: number;
}

/** One thread, then two at once, in turns. */
export async function measureThreads(
  first: Contender,
  second: Contender,
  rounds: number,
): Promise<ThreadTimes> {
  const rates: Rates = [0.2, 0.5];
  await second.steps(rates, WARM_UP);
  const ones: number[] = [];
  const twos: number[] = [];
  const rate = async (...threads: Contender[]) => {
    const done = await Promise.all(
      threads.map((thread) => thread.runFor(rates, 400)),
    );
    return done.reduce(
      (sum, { steps, milliseconds }) => sum + steps / milliseconds * 1000,
      0,
    );
  };
  for (let round = 0; round < rounds; round++) {
    // Either thread may run on the slower core.
    ones.push((await rate(first) + await rate(second)) / 2);
    twos.push(await rate(first, second));
  }
  return {
    one: median(ones),
    two: median(twos),
    ratio: median(twos.map((two, i) => two / (ones[i] ?? NaN))),
  };
}

export interface TrialTimes {
  readonly rates: Rates;
  readonly epochs: number;
  readonly ours: EpochTimes;
  readonly pytorch: EpochTimes;
}

/** Whole trials, epoch by epoch in turns; times are sums over the epochs. */
export async function measureTrials(
  ours: Contender,
  pytorch: Contender,
  points: readonly Rates[],
  epochs: number,
): Promise<TrialTimes[]> {
  const trials: TrialTimes[] = [];
  for (const rates of points) {
    const sides = [ours, pytorch];
    const sums = sides.map(() => ({ train: 0, test: 0, trainOff: 0 }));
    for (const side of sides) await side.begin(rates);
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const [i, side] of sides.entries()) {
        const times = await side.epoch();
        const sum = sums[i];
        if (sum === undefined) continue;
        sum.train += times.train;
        sum.test += times.test;
        sum.trainOff += times.trainOff;
      }
    }
    const [mine, theirs] = sums;
    if (mine === undefined || theirs === undefined) continue;
    trials.push({ rates, epochs, ours: mine, pytorch: theirs });
  }
  return trials;
}
