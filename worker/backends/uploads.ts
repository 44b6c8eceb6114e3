/** Copies of arrays on a device, made when first asked for. */
export interface Uploads<Source extends object, Held> {
  /** The copy of `source`, which is not to change from now on. */
  of(source: Source): Held;
}

/**
 * Keeps the copies of the `most` arrays that were asked for last, and frees
 * the others: an epoch has an order of its own, used up with the epoch.
 */
export function createUploads<Source extends object, Held>(
  { upload, free, most }: {
    readonly upload: (source: Source) => Held;
    readonly free: (held: Held) => void;
    readonly most: number;
  },
): Uploads<Source, Held> {
  // A Map's entries stand in the order in which they were set.
  const held = new Map<Source, Held>();
  return {
    of(source) {
      const found = held.get(source);
      const copy = found ?? upload(source);
      held.delete(source);
      held.set(source, copy);
      for (const [oldest, surplus] of held) {
        if (held.size <= most) break;
        held.delete(oldest);
        free(surplus);
      }
      return copy;
    },
  };
}

/** Arrays kept at once: a training and a test set, and those of a prober. */
export const MOST_SETS = 4;
/** The epoch's order, and those of the two evaluations. */
export const MOST_ORDERS = 3;

/** byte / 255 as float32, which a device's own division need not come to. */
export function byteLevels(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
}

/**
 * @throws RangeError unless `order[start .. start + count)` is there; a device
 * would take some other image
 */
export function checkRange(
  order: Uint32Array,
  start: number,
  count: number,
): void {
  if (start >= 0 && count >= 0 && start + count <= order.length) return;
  throw new RangeError(
    `gather: the order has ${order.length} entries, asked for: ` +
      `${start} to ${start + count}`,
  );
}

/** Shaders find a byte by its number as an int32. */
const MOST_BYTES = 2 ** 31 - 1;

/** @throws RangeError for more bytes than a device can hold and tell apart */
export function checkBytes(bytes: number, most = MOST_BYTES): void {
  const limit = Math.min(most, MOST_BYTES);
  if (bytes <= limit) return;
  throw new RangeError(
    `gather: this device takes ${limit} bytes of images at most: ${bytes}`,
  );
}

/**
 * An order as the signed numbers that devices keep.
 *
 * @returns the numbers and the largest of them
 */
export function orderNumbers(
  order: Uint32Array,
): { readonly numbers: Int32Array; readonly largest: number } {
  return {
    numbers: Int32Array.from(order),
    largest: order.reduce((most, number) => Math.max(most, number), 0),
  };
}

/** @throws RangeError if an order names an image that is not there */
export function checkLargest(largest: number, available: number): void {
  if (largest < available) return;
  throw new RangeError(
    `gather: the order names image ${largest} of ${available}`,
  );
}
