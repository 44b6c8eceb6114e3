import { createHash } from "node:crypto";
import { join } from "node:path";

/**
 * A data set small enough for a test to train on in a moment: grey 28 x 28
 * images of ten classes, each a fixed pattern under noise. Made by a linear
 * congruential generator, so every run has the same bytes.
 */
export interface TinyDataset {
  /** Folder with the four IDX files. */
  readonly directory: string;
  /** The `dataset` of a study's JSON file. */
  readonly definition: {
    readonly name: string;
    readonly classes: number;
    readonly files: Readonly<
      Record<string, { readonly name: string; readonly sha256: string }>
    >;
  };
}

const SIDE = 28;
const CLASSES = 10;

function lcg(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
}

function header(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(i * 4, word));
  return bytes;
}

function idxPair(count: number, seed: number): [Uint8Array, Uint8Array] {
  const next = lcg(seed);
  const images = new Uint8Array(16 + count * SIDE * SIDE);
  images.set(header(0x803, count, SIDE, SIDE));
  const labels = new Uint8Array(8 + count);
  labels.set(header(0x801, count));
  for (let i = 0; i < count; i++) {
    const label = (next() >>> 16) % CLASSES;
    labels[8 + i] = label;
    for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
      const lit = Math.floor(pixel / SIDE) % CLASSES === label;
      images[16 + i * SIDE * SIDE + pixel] = (lit ? 160 : 0) +
        ((next() >>> 24) % 96);
    }
  }
  return [images, labels];
}

/** Writes the four files into a folder and describes them for a study. */
export async function writeTinyDataset(
  directory: string,
  trainCount: number,
  testCount: number,
): Promise<TinyDataset> {
  const [trainImages, trainLabels] = idxPair(trainCount, 1);
  const [testImages, testLabels] = idxPair(testCount, 2);
  const bytes = { trainImages, trainLabels, testImages, testLabels };
  const files: Record<string, { name: string; sha256: string }> = {};
  for (const [key, content] of Object.entries(bytes)) {
    const name = `tiny-${key.toLowerCase()}-idx`;
    await Deno.writeFile(join(directory, name), content);
    files[key] = {
      name,
      sha256: createHash("sha256").update(content).digest("hex"),
    };
  }
  return {
    directory,
    definition: { name: "tiny", classes: CLASSES, files },
  };
}
