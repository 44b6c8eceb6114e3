import * as tf from "@tensorflow/tfjs";
import type {
  Dense,
  DenseAttrs,
  DenseGradient,
  DenseGradientAttrs,
  Dropout,
  DropoutAttrs,
  GatherImages,
  GatherImagesAttrs,
  GatherLabels,
  GatherLabelsAttrs,
  SgdUpdate,
  SgdUpdateAttrs,
  SoftmaxCrossEntropy,
  SoftmaxCrossEntropyAttrs,
} from "./kernels.ts";

/**
 * The kernels of `kernels.ts` with the names of their inputs and the type of
 * their attributes. tfjs's registry keeps any function under any name, so the
 * types are put back here, in one place, for callers and implementations.
 */
export interface SwarmKernels {
  readonly [GatherImages]: {
    readonly inputs: NoInputs;
    readonly attrs: GatherImagesAttrs;
    readonly outputs: readonly [images: tf.Tensor2D];
  };
  readonly [GatherLabels]: {
    readonly inputs: NoInputs;
    readonly attrs: GatherLabelsAttrs;
    readonly outputs: readonly [labels: tf.Tensor1D];
  };
  readonly [Dropout]: {
    readonly inputs: { readonly x: tf.Tensor };
    readonly attrs: DropoutAttrs;
    readonly outputs: readonly [masked: tf.Tensor];
  };
  readonly [Dense]: {
    readonly inputs: {
      readonly x: tf.Tensor2D;
      readonly w: tf.Tensor2D;
      readonly b: tf.Tensor1D;
    };
    readonly attrs: DenseAttrs;
    readonly outputs: readonly [y: tf.Tensor2D];
  };
  readonly [DenseGradient]: {
    readonly inputs: {
      readonly x: tf.Tensor2D;
      readonly w: tf.Tensor2D;
      readonly y: tf.Tensor2D;
      readonly dy: tf.Tensor2D;
    };
    readonly attrs: DenseGradientAttrs;
    readonly outputs: readonly [
      dw: tf.Tensor2D,
      db: tf.Tensor1D,
      dx?: tf.Tensor2D,
    ];
  };
  readonly [SoftmaxCrossEntropy]: {
    readonly inputs: {
      readonly logits: tf.Tensor2D;
      readonly labels: tf.Tensor1D;
    };
    readonly attrs: SoftmaxCrossEntropyAttrs;
    readonly outputs: readonly [stats: tf.Tensor1D, dlogits?: tf.Tensor2D];
  };
  readonly [SgdUpdate]: {
    readonly inputs: { readonly w: tf.Tensor; readonly dw: tf.Tensor };
    readonly attrs: SgdUpdateAttrs;
    readonly outputs: readonly [];
  };
}

type NoInputs = Readonly<Record<string, never>>;

export type SwarmKernelName = keyof SwarmKernels;

/** Implements kernel `K` on a backend; see `kernels.ts` for what it computes. */
export type SwarmKernelFunc<K extends SwarmKernelName> = (call: {
  readonly inputs: SwarmKernels[K]["inputs"];
  readonly attrs: SwarmKernels[K]["attrs"];
  readonly backend: unknown;
}) => tf.TensorInfo | tf.TensorInfo[];

/** Registers a kernel for a backend, unless it has it already. */
export function registerSwarmKernel<K extends SwarmKernelName>(
  kernelName: K,
  backendName: string,
  kernelFunc: SwarmKernelFunc<K>,
): void {
  if (hasSwarmKernel(kernelName, backendName)) return;
  tf.registerKernel({
    kernelName,
    backendName,
    // tfjs hands on inputs and attributes as the caller gave them, and the
    // only caller is the function below, which checks their types.
    kernelFunc: kernelFunc as unknown as tf.KernelFunc,
  });
}

/** Whether a backend has the kernel. */
export function hasSwarmKernel(
  kernelName: SwarmKernelName,
  backendName: string,
): boolean {
  // Typed as always found; it is undefined where nothing is registered.
  const found: tf.KernelConfig | undefined = tf.getKernel(
    kernelName,
    backendName,
  );
  return found !== undefined;
}

/**
 * Runs a kernel on the current backend.
 *
 * @throws Error if the backend lacks it
 */
export function runSwarmKernel<K extends SwarmKernelName>(
  kernelName: K,
  inputs: SwarmKernels[K]["inputs"],
  attrs: SwarmKernels[K]["attrs"],
): SwarmKernels[K]["outputs"] {
  // tfjs types attributes as plain numbers, strings and arrays, and passes
  // anything: typed arrays reach the kernel as they are, without a copy. Ranks
  // of results are the kernel's word, as everywhere in tfjs.
  const out: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(
    kernelName,
    { ...inputs },
    attrs as unknown as tf.NamedAttrMap,
  );
  return (Array.isArray(out) ? out : [out]) as unknown as SwarmKernels[K][
    "outputs"
  ];
}
