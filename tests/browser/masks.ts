import type { Dataset } from "../../worker/data/dataset.ts";
import type { DropoutAttrs } from "../../worker/training/kernels.ts";

/** The mask that every backend of a browser draws, and Deno too. */
export const maskAttrs: DropoutAttrs = {
  rate: 0.3,
  key: [1, 2, 3, 1],
  position: { epoch: 4, step: 5 },
};

/** Not a multiple of anything a kernel works in. */
export const maskShape = [301, 77] as const;

/** Images to measure a backend on: few, since the GPU may be emulated. */
export function exampleDataset(): Dataset {
  const part = (count: number) => ({
    images: {
      bytes: Uint8Array.from({ length: count * 784 }, (_, i) => i * 7 % 256),
      count,
      size: 784,
    },
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  });
  return { name: "example", classes: 10, train: part(8), test: part(10) };
}
