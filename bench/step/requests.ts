/** Requests to a contender, the same for threads, pages and PyTorch. */
export type Request =
  /** Milliseconds of each of `count` steps; the network continues. */
  | { readonly kind: "steps"; readonly rates: Rates; readonly count: number }
  /** As many steps as fit into the time: for threads side by side. */
  | {
    readonly kind: "for";
    readonly rates: Rates;
    readonly milliseconds: number;
  }
  /** A new network, for `epoch`. */
  | { readonly kind: "begin"; readonly rates: Rates }
  /** One epoch of this network: training, and evaluation of both sets. */
  | { readonly kind: "epoch" }
  /** Where the time of a step goes; only for `simd`. */
  | { readonly kind: "profile"; readonly rates: Rates; readonly count: number }
  /** Multiply-adds in registers; only for `simd`. */
  | { readonly kind: "peak" };

/** Dropout rates after the first and the second hidden layer. */
export type Rates = readonly [number, number];

export interface StepsDone {
  readonly steps: number;
  readonly milliseconds: number;
}

/** Milliseconds of an epoch's parts. */
export interface EpochTimes {
  readonly train: number;
  /** The 10,000 test images. */
  readonly test: number;
  /** The training images again, with dropout off. */
  readonly trainOff: number;
}

export interface Profile {
  /** Median milliseconds of a step. */
  readonly step: number;
  /** Median milliseconds a step in each kernel, the longest first. */
  readonly kernels: readonly (readonly [name: string, milliseconds: number])[];
  /** Floating point operations a step in matrix products, zeros skipped. */
  readonly operations: number;
}

/** One contender. */
export interface Contender {
  readonly name: string;
  steps(rates: Rates, count: number): Promise<readonly number[]>;
  runFor(rates: Rates, milliseconds: number): Promise<StepsDone>;
  begin(rates: Rates): Promise<void>;
  epoch(): Promise<EpochTimes>;
  profile(rates: Rates, count: number): Promise<Profile>;
  /** GFLOP/s */
  peak(): Promise<number>;
  close(): Promise<void>;
}

/** Makes a contender from a function that sends it requests. */
export function contender(
  name: string,
  send: (request: Request) => Promise<unknown>,
  close: () => Promise<void>,
): Contender {
  // The answers come from this folder's own code or `pytorch_step.py`.
  const ask = <T>(request: Request) => send(request) as Promise<T>;
  return {
    name,
    steps: (rates, count) => ask({ kind: "steps", rates, count }),
    runFor: (rates, milliseconds) => ask({ kind: "for", rates, milliseconds }),
    begin: (rates) => ask({ kind: "begin", rates }),
    epoch: () => ask({ kind: "epoch" }),
    profile: (rates, count) => ask({ kind: "profile", rates, count }),
    peak: () => ask({ kind: "peak" }),
    close,
  };
}
