/** Random numbers from a seed: the same seed gives the same numbers. */
export interface Chance {
  /** Uniform in [0, 1). */
  unit(): number;
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
  /** Uniform between the two. */
  between(low: number, high: number): number;
  /** A whole number from 0 to `count - 1`. */
  below(count: number): number;
  pick<T>(options: readonly T[]): T;
  /** In the shape of a random UUID. */
  uuid(): string;
  bytes(count: number): Uint8Array;
  /**
   * A separate generator for a part of the simulation, so that one part does
   * not change the numbers of others.
   */
  fork(): Chance;
}

/** Mulberry32: short, and good enough for simulated faults. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(unit() * count);
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => below(16).toString(16)).join("");
  return {
    unit,
    below,
    happens: (probability) => unit() < probability,
    between: (low, high) => low + (high - low) * unit(),
    pick<T>(options: readonly T[]): T {
      const picked = options[below(options.length)];
      if (picked === undefined) throw new Error("nothing to pick from");
      return picked;
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
    fork: () => createChance(below(2 ** 32)),
  };
}
