import type { Dataset, LabelledImages } from "../data/dataset.ts";
import { fillThreefry4x32 } from "../random/threefry.ts";

export interface ExampleDataOptions {
  readonly classes: number;
  /** Pixels per image. */
  readonly size: number;
  readonly train: number;
  readonly test: number;
}

/**
 * A data set for tests and for measuring a backend: images of random pixels,
 * half of them black, with brighter pixels in places that depend on the class.
 * A pure function of its options.
 */
export function exampleData(options: ExampleDataOptions): Dataset {
  return {
    name: "example",
    classes: options.classes,
    train: labelled(options, options.train, 0),
    test: labelled(options, options.test, 1),
  };
}

function labelled(
  { classes, size }: ExampleDataOptions,
  count: number,
  part: number,
): LabelledImages {
  const words = fillThreefry4x32(
    [0, 0, 0, part],
    [0, 0, 0, 0],
    new Uint32Array(count * size),
  );
  const labels = new Uint8Array(count);
  const bytes = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    // The first word of an image also selects its class.
    const label = (words[i * size] ?? 0) % classes;
    labels[i] = label;
    for (let pixel = 0; pixel < size; pixel++) {
      const noise = (words[i * size + pixel] ?? 0) >>> 25;
      const lit = pixel % classes === label ? 128 : 0;
      bytes[i * size + pixel] = noise < 64 ? lit : noise + lit;
    }
  }
  return { images: { bytes, count, size }, labels };
}
