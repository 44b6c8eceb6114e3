import * as tf from "@tensorflow/tfjs";
import { messageOf } from "../../protocol/error_text.ts";
import { dropoutMask } from "../random/draws.ts";
import { dense, type DropoutAttrs } from "./kernels.ts";

/**
 * Detects lost devices during training: a GPU's driver restarts, or a browser
 * ends a WebGL context. Values that are then read back may be plausible
 * garbage, or the reading may never finish.
 */

/** The device failed to compute correctly: none of its results may count. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
}

/** Watches whether a backend's device is lost. */
export interface DeviceWatch {
  /** Why the device was lost; null if it was not. A lost device stays lost. */
  lost(): string | null;
  /** Calls the listener on a loss. @returns a function that removes it */
  onLost(listener: (why: string) => void): () => void;
  /** Resolves when all queued work is done; reads nothing back. */
  finished(): Promise<void>;
}

const watches = new Map<string, DeviceWatch>();

/** Registers the watch for a backend's device. */
export function watchDevice(backendName: string, watch: DeviceWatch): void {
  watches.set(backendName, watch);
}

/**
 * A tensor's values, read back from the current backend's device.
 *
 * @throws {DeviceError} if the device was lost before or is lost meanwhile
 */
export function readBack(tensor: tf.Tensor): Promise<Float32Array> {
  const watch = watches.get(tf.getBackend());
  const read = () => tensor.data<"float32">();
  return watch === undefined ? read() : unlessLost(watch, read);
}

/**
 * Waits until the current backend's device has done all queued work. Null for a
 * backend without such a queue: its work is already done.
 *
 * @throws {DeviceError} if the device was lost before or is lost meanwhile
 */
export function finishQueued(): Promise<void> | null {
  const watch = watches.get(tf.getBackend());
  return watch === undefined ? null : unlessLost(watch, watch.finished);
}

/** @throws {DeviceError} if the current backend's device is lost */
function checkDevice(): void {
  const why = watches.get(tf.getBackend())?.lost() ?? null;
  if (why !== null) throw lostError(why);
}

/**
 * Awaits a promise of the device, but rejects once the device is lost: the
 * promise might then never settle or resolve to garbage.
 */
async function unlessLost<Value>(
  watch: DeviceWatch,
  begin: () => Promise<Value>,
): Promise<Value> {
  checkDevice();
  let forget = () => {};
  try {
    return await new Promise<Value>((resolve, reject) => {
      forget = watch.onLost((why) => reject(lostError(why)));
      begin().then(resolve, reject);
    });
  } finally {
    forget();
    // If the device is lost by now, that error replaces any outcome.
    checkDevice();
  }
}

function lostError(why: string): DeviceError {
  return new DeviceError(`the device of ${tf.getBackend()} was lost: ${why}`);
}

/** Figures that a device computed for `count` examples. */
export interface DeviceFigures {
  /** Sum of their losses, in nats. */
  readonly loss: number;
  /** Number of correct answers. */
  readonly right: number;
  readonly count: number;
}

/**
 * Checks a bound for any network on any data: for a wrong answer another class
 * has at least the probability of the correct one, so the correct one has at
 * most 1/2, and the loss is at least ln 2.
 *
 * @throws {DeviceError} for finite figures that no training can produce
 */
export function checkFigures({ loss, right, count }: DeviceFigures): void {
  // Tolerance of float32 sums; a faulty device is off by much more.
  const least = 0.99 * Math.LN2 * (count - right) - 1e-3;
  if (
    Number.isInteger(right) && right >= 0 && right <= count && loss >= least
  ) return;
  throw new DeviceError(
    `${tf.getBackend()} computed an impossible result: a loss of ${loss} with ` +
      `${right} correct answers among ${count}`,
  );
}

const CANARY: DropoutAttrs = {
  rate: 0.5,
  key: [1, 2, 3, 4],
  position: { epoch: 5, step: 6 },
};

/**
 * Makes the current backend compute a known result. Used to decide whether
 * figures that are not finite come from the network or from a faulty device.
 *
 * @throws {DeviceError} if the result is wrong or missing
 */
export async function verifyDevice(): Promise<void> {
  try {
    await computeKnown();
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    const why = messageOf(error);
    throw new DeviceError(
      `${tf.getBackend()} cannot compute a known result: ${why}`,
    );
  }
}

/**
 * The cause of an error in training on the current backend: a {@link
 * DeviceError} if its device no longer computes. When a device is lost, running
 * operations may fail before the loss is reported: a browser's WebGPU first
 * rejects the reading. So for a watched device a known result is computed
 * instead of asking whether it is lost.
 */
export async function causeOf(error: unknown): Promise<unknown> {
  if (error instanceof DeviceError || !watches.has(tf.getBackend())) {
    return error;
  }
  try {
    await verifyDevice();
    return error;
  } catch (fault) {
    return fault;
  }
}

async function computeKnown(): Promise<void> {
  const [rows, inner, columns] = [6, 8, 10];
  const y = tf.tidy(() =>
    dense(
      tf.ones([rows, inner]),
      tf.fill([inner, columns], 0.25),
      tf.ones([columns]),
      { activation: "relu", dropout: CANARY },
    )
  );
  try {
    const values = await readBack(y);
    const mask = dropoutMask(
      CANARY.key,
      CANARY.position,
      CANARY.rate,
      rows * columns,
    );
    // 8 * 0.25 + 1 and powers of two are exact on any device.
    const wrong = mask.findIndex((scale, i) => values[i] !== 3 * scale);
    if (wrong >= 0) {
      throw new DeviceError(
        `${tf.getBackend()} computes wrongly: element ${wrong} of a known ` +
          `result is ${values[wrong]}, not ${3 * (mask[wrong] ?? 0)}`,
      );
    }
  } finally {
    y.dispose();
  }
}
