import * as z from "zod";
import type { Infer } from "./ids.ts";
import { untrustedText } from "./text.ts";

/** Thirty years: even a sum of many such times stays finite. */
const MOST_SECONDS = 1e9;

/** Most epochs of a trial. */
export const MOST_EPOCHS = 1000;

/** d2l's limit of the final training loss. */
export const LOSS_LIMIT = 0.5;

/** The figures of one finished epoch. Losses are mean cross-entropy in nats. */
export type EpochMetrics = Infer<typeof EpochMetrics>;
/** @internal */
export const EpochMetrics = z.strictObject({
  /** Counted from 1. */
  epoch: z.int().min(1),
  /** As in d2l: mean over the epoch, dropout on, while weights change. */
  trainLoss: z.number().nonnegative(),
  /** As in d2l: share of right answers, dropout on, while weights change. */
  trainAccuracy: z.number().min(0).max(1),
  /** Over the whole training set after the epoch, dropout off. */
  trainLossDropoutOff: z.number().nonnegative(),
  /** Over the test set after the epoch, dropout off. */
  testLoss: z.number().nonnegative(),
  testAccuracy: z.number().min(0).max(1),
  /** Time the epoch took, evaluation included. */
  seconds: z.number().nonnegative().max(MOST_SECONDS),
});

/** @internal The figures of an epoch: all its metrics except its times. */
export const epochFigures = [
  "trainLoss",
  "trainAccuracy",
  "trainLossDropoutOff",
  "testLoss",
  "testAccuracy",
] as const satisfies readonly (keyof EpochMetrics)[];

/** Results of d2l's three checks after training; a failed one is no error. */
export type D2lChecks = Infer<typeof D2lChecks>;
/** @internal */
export const D2lChecks = z.strictObject({
  /** Final training loss below {@linkcode LOSS_LIMIT}. */
  trainLoss: z.boolean(),
  /** Final training accuracy in (0.7, 1]. */
  trainAccuracy: z.boolean(),
  /** Final test accuracy in (0.7, 1]. */
  testAccuracy: z.boolean(),
});

/**
 * Applies d2l's end-of-training checks.
 *
 * Source: `train_ch3` of Dive into Deep Learning, section 3.6.
 */
export function d2lChecks(
  final: Pick<EpochMetrics, "trainLoss" | "trainAccuracy" | "testAccuracy">,
): D2lChecks {
  return {
    trainLoss: final.trainLoss < LOSS_LIMIT,
    trainAccuracy: final.trainAccuracy > 0.7 && final.trainAccuracy <= 1,
    testAccuracy: final.testAccuracy > 0.7 && final.testAccuracy <= 1,
  };
}

/** What every part of the product knows about a backend. */
interface Backend {
  /** Its name on pages. */
  readonly label: { readonly en: string; readonly zh: string };
  /** Whether it computes on a GPU, which can be lost. */
  readonly gpu: boolean;
  /** Whether Deno has it as well as pages. */
  readonly inDeno: boolean;
}

/**
 * The tfjs backends a trial can run on, in the order in which `auto` measures
 * them. `worker/backends/select.ts` says how each one starts.
 *
 * @internal
 */
export const backends = {
  simd: {
    label: {
      en: "WebAssembly SIMD, our kernels",
      zh: "WebAssembly SIMD，自研内核",
    },
    gpu: false,
    inDeno: true,
  },
  webgpu: { label: { en: "WebGPU", zh: "WebGPU" }, gpu: true, inDeno: true },
  webgl: { label: { en: "WebGL", zh: "WebGL" }, gpu: true, inDeno: false },
  wasm: {
    label: { en: "WebAssembly, stock", zh: "WebAssembly，原装" },
    gpu: false,
    inDeno: true,
  },
  cpu: {
    label: { en: "JavaScript", zh: "JavaScript" },
    gpu: false,
    inDeno: true,
  },
} as const satisfies Record<string, Backend>;

/** The tfjs backends a trial can run on. */
export type BackendName = Infer<typeof BackendName>;
/** @internal */
export const BackendName = z.enum(
  Object.keys(backends) as (keyof typeof backends)[],
);

/** A backend's name, or `auto`: the fastest one, found by measuring. */
export type BackendChoice = "auto" | BackendName;

/** @internal The choices that a command in Deno accepts. */
export const denoBackendChoices: readonly BackendChoice[] = [
  "auto",
  ...BackendName.options.filter((name) => backends[name].inDeno),
];

const resultBase = {
  /** Every finished epoch, in order from 1. */
  epochs: z.array(EpochMetrics).max(MOST_EPOCHS),
  backend: BackendName,
  /** What the backend says about itself: `relaxed SIMD`, or a GPU's name. */
  backendDetail: untrustedText(200).optional(),
  /** Time of the whole trial, from the first weight to the last figure. */
  seconds: z.number().nonnegative().max(MOST_SECONDS),
};

/** The result of a trial. Diverging is a result, not an error. */
export type TrialResult = Infer<typeof TrialResult>;
/** @internal */
export const TrialResult = z.discriminatedUnion("outcome", [
  z.strictObject({
    outcome: z.literal("trained"),
    ...resultBase,
    checks: D2lChecks,
  }),
  z.strictObject({
    /** The loss stopped being finite: this point fails to learn. */
    outcome: z.literal("diverged"),
    ...resultBase,
    /** The epoch in which it happened, counted from 1. */
    divergedAtEpoch: z.int().min(1),
  }),
]);
