/** Grey images as bytes, one after another, rows first. */
export interface ByteImages {
  /** `count * size` bytes, 0 to 255; may lie in shared memory. */
  readonly bytes: Uint8Array;
  /** How many images. */
  readonly count: number;
  /** Pixels an image: 784 for Fashion-MNIST. */
  readonly size: number;
}

/** Images with the number of each one's class. */
export interface LabelledImages {
  /** The images. */
  readonly images: ByteImages;
  /** `images.count` bytes, each below `Dataset.classes`. */
  readonly labels: Uint8Array;
}

/**
 * A data set in the shape of MNIST, as bytes: batches are converted to floats
 * one by one, so a process holds one copy whatever its number of threads.
 */
export interface Dataset {
  /** As its definition has it. */
  readonly name: string;
  /** Labels go from 0 to one less. */
  readonly classes: number;
  /** What networks learn from. */
  readonly train: LabelledImages;
  /** What they are measured on. */
  readonly test: LabelledImages;
}
