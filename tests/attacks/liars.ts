import { createHash } from "node:crypto";
import { Sha256 } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import {
  type BackendName,
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import type { TrainedTrial } from "../../worker/trainer/trainer_api.ts";

/** Trains for real. */
export type Train = (spec: TrialSpec) => Promise<TrainedTrial>;

/** What an attacker can use. */
export interface LiarTools {
  readonly train: Train;
  /** Trains on the test images instead of the training images. */
  readonly fit: Train;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A volunteer that delivers false results. */
export interface Liar {
  readonly name: string;
  /** Workers that it registers; they share their knowledge. */
  readonly workers: number;
  /** Honest volunteers beside it. Default: one. */
  readonly beside?: number;
  /** The backend that it claims. Default: the real one. */
  readonly backend?: BackendName;
  /** Whether it leaves out the backend's description of itself. */
  readonly hidesKernels?: boolean;
  /** What it delivers for the n-th lease, from 0, of all its workers. */
  deliver(spec: TrialSpec, n: number): Promise<TrainedTrial>;
}

type Epoch = (metrics: EpochMetrics, i: number, count: number) => EpochMetrics;

/** The trial with changed figures and matching checks. */
function withEpochs(trial: TrainedTrial, change: Epoch): TrainedTrial {
  const { result, weights } = trial;
  const epochs = result.epochs.map((m, i, all) => change(m, i, all.length));
  return { result: withChecks({ ...result, epochs }), weights };
}

function withChecks(result: TrialResult): TrialResult {
  const last = result.epochs.at(-1);
  return result.outcome === "trained" && last !== undefined
    ? { ...result, checks: d2lChecks(last) }
    : result;
}

function packed(weights: Float32Array<ArrayBuffer>) {
  const sum = createHash("sha256").update(new Uint8Array(weights.buffer));
  return { bytes: weights.buffer, sha256: Sha256.parse(sum.digest("hex")) };
}

/** The trial with another pair of rates. */
function at(spec: TrialSpec, dropout1: number, dropout2: number): TrialSpec {
  const params = { dropout1, dropout2 };
  return { ...spec, params, recipe: { ...spec.recipe, ...params } };
}

function swapped(spec: TrialSpec): TrialSpec {
  const { dropout1, dropout2 } = spec.recipe;
  return at(spec, dropout2, dropout1);
}

/** No lower than a share of wrong answers allows. */
function better(m: EpochMetrics, by: number): EpochMetrics {
  return {
    ...m,
    trainLoss: m.trainLoss * (1 - by),
    trainLossDropoutOff: m.trainLossDropoutOff * (1 - by),
    testLoss: m.testLoss * (1 - by),
    testAccuracy: Math.min(1, m.testAccuracy + by / 10),
  };
}

/** Every kind of attacker in the suite. */
export const liars: Readonly<Record<string, (tools: LiarTools) => Liar>> = {
  "random figures and weights": ({ train, random }) => ({
    name: "random",
    workers: 1,
    async deliver(spec) {
      const honest = await train(spec);
      const length = (honest.weights?.bytes.byteLength ?? 0) / 4;
      const noise = Float32Array.from(
        { length },
        () => (random() - 0.5) / 10,
      );
      const made = withEpochs(honest, (m, i) => {
        const loss = (1.5 - random() / 4) / (1 + i / 4);
        return {
          ...m,
          trainLoss: loss,
          trainLossDropoutOff: loss,
          testLoss: loss,
          trainAccuracy: 0.6 + random() / 4,
          testAccuracy: 0.6 + random() / 4,
        };
      });
      return { ...made, weights: packed(noise) };
    },
  }),
  "better test figures": ({ train }) => ({
    name: "better",
    workers: 1,
    deliver: async (spec) =>
      withEpochs(
        await train(spec),
        (m, i, count) => i === count - 1 ? better(m, 0.05) : m,
      ),
  }),
  "better curves, true test figures": ({ train }) => ({
    name: "curves",
    workers: 1,
    deliver: async (spec) =>
      withEpochs(await train(spec), (m, i, count) => {
        const { testLoss, testAccuracy } = m;
        const good = better(m, 0.05);
        return i === count - 1 ? { ...good, testLoss, testAccuracy } : good;
      }),
  }),
  "another point's training": ({ train }) => ({
    name: "lazy",
    workers: 1,
    deliver: (spec) => train(at(spec, 0, 0.1)),
  }),
  "swapped rates": ({ train }) => ({
    name: "swapped",
    workers: 1,
    deliver: (spec) => train(swapped(spec)),
  }),
  "swapped rates after the first epoch": ({ train }) => ({
    name: "late",
    workers: 1,
    async deliver(spec) {
      const [start, rest] = [await train(spec), await train(swapped(spec))];
      const [first] = start.result.epochs;
      return withEpochs(rest, (m, i) => i === 0 && first ? first : m);
    },
  }),
  "no dropout after the first epoch, as another backend": ({ train }) => ({
    name: "webgpu",
    workers: 1,
    // Its bits cannot be compared then, nor anything after the first epoch.
    backend: "webgpu",
    beside: 3,
    async deliver(spec) {
      const start = await train(spec);
      const rest = await train(at(spec, 0, 0));
      const [first] = start.result.epochs;
      const { result, weights } = withEpochs(
        rest,
        (m, i) => i === 0 && first ? first : m,
      );
      return { result: { ...result, backend: "webgpu" }, weights };
    },
  }),
  "weights fitted to the test images, a true first epoch, as another backend": (
    { train, fit },
  ) => ({
    name: "fitted",
    workers: 2,
    backend: "webgpu",
    beside: 2,
    async deliver(spec) {
      const long = { ...spec, recipe: { ...spec.recipe, epochs: 20 } };
      const [truth, fitted] = [await train(spec), await fit(long)];
      const last = fitted.result.epochs.at(-1);
      const { result } = withEpochs(
        truth,
        (m, i, count) =>
          i === count - 1 && last
            ? {
              ...m,
              testLoss: last.testLoss,
              testAccuracy: last.testAccuracy,
            }
            : m,
      );
      const told: TrialResult = { ...result, backend: "webgpu" };
      return { result: told, weights: fitted.weights };
    },
  }),
  "true figures, and weights that were touched": ({ train }) => ({
    name: "touched",
    workers: 1,
    async deliver(spec) {
      const { result, weights } = await train(spec);
      const touched = new Float32Array(weights?.bytes.slice(0) ?? []);
      touched[0] = (touched[0] ?? 0) + 1e-3;
      return { result, weights: packed(touched) };
    },
  }),
  "no dropout after the first epoch, kernels hidden": ({ train }) => ({
    name: "hidden",
    workers: 1,
    hidesKernels: true,
    beside: 2,
    async deliver(spec) {
      const [start, rest] = [await train(spec), await train(at(spec, 0, 0))];
      const [first] = start.result.epochs;
      return withEpochs(rest, (m, i) => i === 0 && first ? first : m);
    },
  }),
  "one epoch told as all, kernels hidden": ({ train }) => ({
    name: "short",
    workers: 1,
    hidesKernels: true,
    beside: 2,
    async deliver(spec) {
      const one = { ...spec, recipe: { ...spec.recipe, epochs: 1 } };
      const { result, weights } = await train(one);
      const [first] = result.epochs;
      const epochs = Array.from(
        { length: spec.recipe.epochs },
        (_, i) => ({ ...first, epoch: i + 1 }) as EpochMetrics,
      );
      return { result: withChecks({ ...result, epochs }), weights };
    },
  }),
  "one result for every trial": ({ train }) => {
    let one: TrainedTrial | undefined;
    return {
      name: "copier",
      workers: 1,
      deliver: async (spec) => one ??= await train(spec),
    };
  },
  "honest twelve times, then swapped rates": ({ train }) => ({
    name: "sleeper",
    workers: 1,
    deliver: (spec, n) => train(n < 12 ? spec : swapped(spec)),
  }),
  "a pair that trains once for two": ({ train }) => {
    // One of them trains, the other delivers the same for another replicate.
    let latest: TrainedTrial | undefined;
    return {
      name: "pair",
      workers: 2,
      async deliver(spec, n) {
        if (n % 2 === 0 || latest === undefined) latest = await train(spec);
        return latest;
      },
    };
  },
};
