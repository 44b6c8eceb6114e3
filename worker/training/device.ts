import * as tf from "@tensorflow/tfjs";
import { dropoutMask } from "../random/draws.ts";
import { dense, type DropoutAttrs } from "./kernels.ts";

/**
 * Devices that can be lost under a running training: a GPU's driver restarts,
 * a browser takes a WebGL context away. What is read back then may be garbage
 * that looks like figures, or never come.
 */

/** The device did not compute what it was asked: nothing of it may count. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
}

/** Knows how a backend's device is getting on. */
export interface DeviceWatch {
  /** Why it was lost; null while it is not. Once lost, it stays lost. */
  lost(): string | null;
  /** Calls back when it is lost. @returns a function that calls that off */
  onLost(listener: (why: string) => void): () => void;
  /** Resolves once it did all that it was given by now; reads nothing back. */
  finished(): Promise<void>;
}

const watches = new Map<string, DeviceWatch>();

/** Has the training on a backend heed its device. */
export function watchDevice(backendName: string, watch: DeviceWatch): void {
  watches.set(backendName, watch);
}

/**
 * A tensor's values, read back from the current backend's device.
 *
 * @throws {DeviceError} when the device is lost, before or meanwhile
 */
export function readBack(tensor: tf.Tensor): Promise<Float32Array> {
  const watch = watches.get(tf.getBackend());
  const read = () => tensor.data<"float32">();
  return watch === undefined ? read() : unlessLost(watch, read);
}

/**
 * Waits until the current backend's device did what it was given. Null where
 * there is no such device: all is done.
 *
 * @throws {DeviceError} when the device is lost, before or meanwhile
 */
export function finishQueued(): Promise<void> | null {
  const watch = watches.get(tf.getBackend());
  return watch === undefined ? null : unlessLost(watch, watch.finished);
}

/** @throws {DeviceError} when the current backend's device is lost */
function checkDevice(): void {
  const why = watches.get(tf.getBackend())?.lost() ?? null;
  if (why !== null) throw lostError(why);
}

/** What a device promises: once it is lost, that may come never or wrongly. */
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
    // What came of a device that is lost by now, be it an error, is not worth
    // more than that.
    checkDevice();
  }
}

function lostError(why: string): DeviceError {
  return new DeviceError(`the device of ${tf.getBackend()} was lost: ${why}`);
}

/** What a device says that `count` examples came to. */
export interface DeviceFigures {
  /** Sum of their losses, in nats. */
  readonly loss: number;
  /** Number of right answers. */
  readonly right: number;
  readonly count: number;
}

/**
 * Checks what holds of any network on any data: a wrong answer has another
 * class before the right one, so the right one got at most half of the
 * probability, and its loss is ln 2 at least.
 *
 * @throws {DeviceError} for finite figures that no training can come to
 */
export function checkFigures({ loss, right, count }: DeviceFigures): void {
  // Float32 sums are off by little; a device gone wrong is off by far.
  const least = 0.99 * Math.LN2 * (count - right) - 1e-3;
  if (
    Number.isInteger(right) && right >= 0 && right <= count && loss >= least
  ) return;
  throw new DeviceError(
    `${tf.getBackend()} computed what cannot be: a loss of ${loss} with ` +
      `${right} right answers among ${count}`,
  );
}

const CANARY: DropoutAttrs = {
  rate: 0.5,
  key: [1, 2, 3, 4],
  position: { epoch: 5, step: 6 },
};

/**
 * Has the current backend compute what is known: asked before figures that are
 * not finite are believed to be the network's and not the device's.
 *
 * @throws {DeviceError} when it comes to anything else, or to nothing
 */
export async function verifyDevice(): Promise<void> {
  try {
    await computeKnown();
  } catch (error) {
    if (error instanceof DeviceError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DeviceError(
      `${tf.getBackend()} cannot compute a known result: ${why}`,
    );
  }
}

/**
 * What an error of training on the current backend comes down to: a
 * {@link DeviceError} where its device cannot compute any more. A device that
 * is lost fails what was under way, and may say only afterwards that it is
 * lost: a browser's WebGPU rejects a reading first. So one that is watched is
 * not asked what it says, but what it can.
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
    // 8 * 0.25 + 1, and powers of two: exact on any device.
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
