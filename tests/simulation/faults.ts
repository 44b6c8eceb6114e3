import type { Chance } from "./chance.ts";

/** How hostile a world is, drawn at random for each, so that some are mild. */
export interface Faults {
  /** Milliseconds of the world after which nothing goes wrong any more. */
  readonly end: number;
  readonly network: NetworkFaults;
  readonly storage: StorageFaults;
  /** Of each training: that the trainer's thread dies, or hangs. */
  readonly trainerDies: number;
  readonly trainerHangs: number;
  /** Mean milliseconds between two misfortunes of a volunteer. */
  readonly misfortune: number;
  /** Mean milliseconds between two leaps of the coordinator's wall clock. */
  readonly clockLeaps: number;
}

/** Probabilities for each message. */
export interface NetworkFaults {
  readonly loseRequest: number;
  readonly loseReply: number;
  readonly repeat: number;
  /** That it takes seconds to minutes instead of milliseconds. */
  readonly delay: number;
  /** That a connection is cut instead of going silent. */
  readonly cut: number;
}

/** Probabilities for each operation. */
export interface StorageFaults {
  readonly crashBefore: number;
  readonly crashAfter: number;
  /** Refused as by a full disk: nothing was done. */
  readonly refused: number;
  /** Done, but the answer is an error, as of a disk that fails in `fsync`. */
  readonly unsure: number;
}

export const noNetworkFaults: NetworkFaults = {
  loseRequest: 0,
  loseReply: 0,
  repeat: 0,
  delay: 0,
  cut: 0,
};

export const noStorageFaults: StorageFaults = {
  crashBefore: 0,
  crashAfter: 0,
  refused: 0,
  unsure: 0,
};

const MINUTE = 60_000;

export function drawFaults(chance: Chance): Faults {
  // Each kind is absent from some worlds and frequent in others.
  const rate = (most: number) =>
    chance.happens(0.3) ? 0 : most * chance.unit() ** 2;
  return {
    end: chance.between(5, 20) * MINUTE,
    network: {
      loseRequest: rate(0.3),
      loseReply: rate(0.3),
      repeat: rate(0.4),
      delay: rate(0.3),
      cut: rate(0.2),
    },
    storage: {
      crashBefore: rate(0.02),
      crashAfter: rate(0.02),
      refused: rate(0.1),
      unsure: rate(0.05),
    },
    trainerDies: rate(0.3),
    trainerHangs: rate(0.2),
    misfortune: chance.between(0.5, 10) * MINUTE,
    clockLeaps: chance.happens(0.5) ? Infinity : chance.between(1, 8) * MINUTE,
  };
}
