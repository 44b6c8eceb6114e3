import type { GatherImagesAttrs } from "../../training/kernels.ts";

/**
 * Copies the bytes of a batch's images to `address`, one after another. (A
 * loop that copies words takes twice as long as a view and `set` an image.)
 *
 * @throws RangeError if the order or the data set ends before the batch
 */
export function copyImages(
  { images: { bytes, size }, order, start, count }: GatherImagesAttrs,
  memory: WebAssembly.Memory,
  address: number,
): void {
  const target = new Uint8Array(memory.buffer, address, count * size);
  for (let i = 0; i < count; i++) {
    const image = entryOf(order, start + i);
    const from = image * size;
    if (from + size > bytes.length) {
      throw new RangeError(
        `gather: the data set has ${bytes.length / size} images, ` +
          `asked for number: ${image}`,
      );
    }
    target.set(bytes.subarray(from, from + size), i * size);
  }
}

/** @throws RangeError if the order is shorter */
export function entryOf(order: Uint32Array, position: number): number {
  const entry = order[position];
  if (entry === undefined) {
    throw new RangeError(
      `gather: the order has ${order.length} entries, asked for: ${position}`,
    );
  }
  return entry;
}
