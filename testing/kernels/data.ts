import * as tf from "@tensorflow/tfjs";
import { dropoutMask, dropThreshold } from "../../worker/random/draws.ts";
import { fillThreefry4x32 } from "../../worker/random/threefry.ts";
import {
  assert,
  assertTensor,
  at,
  type Check,
  masked,
  normals,
} from "./world.ts";
import {
  dropout,
  type DropoutAttrs,
  gatherImages,
  gatherLabels,
  sgdUpdate,
} from "../../worker/training/kernels.ts";

/** Checks of the data, dropout and update kernels. */
export function dataChecks(check: Check): void {
  for (const [size, count] of [[5, 4], [1, 3], [783, 61], [784, 64]] as const) {
    check(
      `GatherImages takes ${count} of ${size} pixels in order`,
      async () => {
        const images = imagesOf(1, size, count);
        const order = Uint32Array.from(
          { length: count },
          (_, i) => (i * 7 + 2) % count,
        );
        for (const [start, taken] of [[0, count], [1, count - 2]] as const) {
          const batch = gatherImages(images, order, start, taken);
          assert(batch.dtype === "float32", `images of ${batch.dtype}`);
          await assertTensor(
            batch,
            [taken, size],
            gathered(images, order.subarray(start, start + taken)),
            0,
          );
          batch.dispose();
        }
      },
    );
  }

  check(
    "GatherImages and GatherLabels do not mix up many sets and orders",
    async () => {
      const sets = [1, 2, 3, 4, 5, 6].map((tag) => imagesOf(tag, 9, 11));
      const orders = [1, 2, 3, 4, 5, 6].map((factor) =>
        Uint32Array.from({ length: 11 }, (_, i) => i * factor % 11)
      );
      // Twice, so that evicted copies are needed again.
      for (const round of [0, 1]) {
        for (const [i, images] of sets.entries()) {
          const order = orders[(i + round) % 6] ?? new Uint32Array();
          const batch = gatherImages(images, order, 3, 7);
          const numbers = order.subarray(3, 10);
          await assertTensor(batch, [7, 9], gathered(images, numbers), 0);
          const labels = gatherLabels(images.bytes, order, 3, 7);
          await assertTensor(
            labels,
            [7],
            Float32Array.from(numbers, (n) => at(images.bytes, n)),
            0,
          );
          tf.dispose([batch, labels]);
        }
      }
    },
  );

  check("GatherLabels takes labels in order, as int32", async () => {
    const labels = Uint8Array.of(5, 6, 7, 8);
    const batch = gatherLabels(labels, Uint32Array.of(2, 0, 3, 1), 1, 3);
    assert(batch.dtype === "int32", `labels of ${batch.dtype}`);
    await assertTensor(batch, [3], [5, 8, 6], 0);
  });

  check("gathering beyond the end of an order is an error", () => {
    const images = imagesOf(1, 5, 4);
    const order = Uint32Array.of(2, 0, 3, 1);
    for (
      const gather of [
        () => gatherImages(images, order, 2, 3),
        () => gatherLabels(images.bytes, order, 4, 1),
      ]
    ) {
      let thrown: unknown;
      try {
        gather();
      } catch (error) {
        thrown = error;
      }
      assert(thrown instanceof RangeError, `no RangeError: ${thrown}`);
    }
    return Promise.resolve();
  });

  for (const rate of [0, 0.02, 0.3, 0.8, 1]) {
    check(
      `Dropout at ${rate} draws exactly the specified mask`,
      async () => {
        for (const shape of SHAPES) await dropsAsDrawn(shape, masked(rate));
      },
    );
  }

  check("Dropout uses all 32 bits of keys and positions", async () => {
    const attrs: DropoutAttrs = {
      rate: 0.999,
      key: [0xffffffff, 0x80000000, 0x7fffffff, 0xdeadbeef],
      position: { epoch: 0xfffffffe, step: 0x80000001 },
    };
    await dropsAsDrawn([63, 65], attrs);
  });

  check("Dropout of very many elements is correct or refused", async () => {
    try {
      await dropsManyAsDrawn();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  });

  check("Dropout's gradient uses the same mask", async () => {
    const attrs = masked(0.4);
    const x = tf.tensor2d(normals(12, 7 * 33), [7, 33]);
    const gradient = tf.grad((input) => tf.sum(dropout(input, attrs)))(x);
    const mask = dropoutMask(attrs.key, attrs.position, attrs.rate, x.size);
    await assertTensor(gradient, [7, 33], mask, 0);
  });

  check("sgdUpdate subtracts learningRate * dw", async () => {
    const attrs = { learningRate: 0.5, weightDecay: 0 };
    for (const size of [1, 10, 256, 784 * 16 + 3]) {
      const [before, gradient] = [normals(8, size), normals(9, size)];
      const initial = tf.tensor1d(before.slice());
      const w = tf.variable(tf.tensor1d(before.slice()));
      const dw = tf.tensor1d(gradient.slice());
      // Reading again must not return cached values.
      for (const times of [1, 2]) {
        sgdUpdate(w, dw, attrs);
        const expected = before.map((v, i) =>
          v - times * 0.5 * at(gradient, i)
        );
        await assertTensor(w, [size], expected, 1e-6);
      }
      await assertTensor(dw, [size], gradient, 0);
      await assertTensor(initial, [size], before, 0);
      w.dispose();
    }
  });

  check(
    "sgdUpdate also subtracts learningRate * weightDecay * w",
    async () => {
      for (const size of [1, 3, 10, 256, 784 * 16 + 3]) {
        for (const weightDecay of [10, 0.25, 5e-5]) {
          const [before, gradient] = [normals(8, size), normals(9, size)];
          const w = tf.variable(tf.tensor1d(before.slice()));
          const dw = tf.tensor1d(gradient.slice());
          sgdUpdate(w, dw, { learningRate: 0.5, weightDecay });
          const expected = before.map((v, i) =>
            v - 0.5 * (at(gradient, i) + weightDecay * v)
          );
          await assertTensor(w, [size], expected, 1e-6);
          await assertTensor(dw, [size], gradient, 0);
          tf.dispose([w, dw]);
        }
      }
    },
  );
}

/** Odd ones, single ones, a row longer than a texture, and more dimensions. */
const SHAPES = [
  [256, 256],
  [255, 257],
  [3, 7],
  [1, 1],
  [1, 70001],
  [70001, 1],
  [5],
  [2, 3, 5],
  [3, 1, 2, 7],
];

/** Whether dropout of ones gives the generator's mask. */
async function dropsAsDrawn(
  shape: number[],
  attrs: DropoutAttrs,
): Promise<void> {
  const { key, position, rate } = attrs;
  const x = tf.ones(shape);
  const y = dropout(x, attrs);
  await assertTensor(y, shape, dropoutMask(key, position, rate, x.size), 0);
  y.dispose();
  // The result is a separate tensor.
  await assertTensor(x, shape, new Float32Array(x.size).fill(1), 0);
  x.dispose();
}

/** Float32 counts as far; a few elements more. */
const MANY = 2 ** 24 + 5;
/**
 * 65,535 workgroups of 64 invocations, of four elements each, are the most along
 * one dimension of a GPU's.
 */
const WORKGROUPS = 65_535 * 64 * 4;

/**
 * Looks at all elements, and compares with the generator those where counting
 * could go wrong: drawing all of them again takes seconds.
 */
async function dropsManyAsDrawn(): Promise<void> {
  const { key, position: { step, epoch }, rate } = masked(0.5);
  const y = dropout(tf.ones([MANY]), masked(rate));
  const values = await y.data();
  assert(values.length === MANY, `${values.length} elements`);
  let dropped = 0;
  for (let i = 0; i < MANY; i++) {
    const value = values[i];
    if (value === 0) dropped++;
    else if (value !== 2) throw new Error(`element ${i}: ${value}`);
  }
  // Six standard deviations.
  const off = Math.abs(dropped - MANY / 2);
  assert(off < 3 * Math.sqrt(MANY), `${dropped} dropped`);
  for (const begin of [0, MANY >> 1, WORKGROUPS - 2048, MANY - 4096]) {
    const first = begin - begin % 4;
    const words = fillThreefry4x32(
      key,
      [first / 4, step, epoch, 0],
      new Uint32Array(Math.min(4096 + 4, MANY - first)),
    );
    words.forEach((word, i) => {
      const wanted = word < dropThreshold(rate) ? 0 : 2;
      assert(values[first + i] === wanted, `element ${first + i}`);
    });
  }
}

function imagesOf(tag: number, size: number, count: number) {
  const bytes = Uint8Array.from(
    { length: count * size },
    (_, i) => (i * 13 + (i >> 8) * 31 + tag * 57) % 256,
  );
  return { bytes, count, size };
}

function gathered(
  { bytes, size }: ReturnType<typeof imagesOf>,
  numbers: Uint32Array,
): Float32Array {
  return Float32Array.from(
    [...numbers].flatMap((number) => [
      ...bytes.subarray(number * size, (number + 1) * size),
    ]),
    (byte) => byte / 255,
  );
}
