import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { dropoutKey, dropoutMask } from "../random/draws.ts";
import { normalQuantile, uniform } from "../random/normal.ts";
import { fillThreefry4x32 } from "../random/threefry.ts";
import type { DropoutAttrs } from "./kernels.ts";
import {
  dense,
  denseGradient,
  dropout,
  gatherImages,
  gatherLabels,
  sgdUpdate,
  softmaxCrossEntropy,
} from "./ops.ts";

/**
 * Tests that any backend's kernels must pass: `kernels.ts` in plain loops over
 * float64, compared with what the backend computes.
 */

const key = dropoutKey({ seed: 7, replicate: 1 }, 1);
const masked = (rate: number): DropoutAttrs => ({
  rate,
  key,
  position: { epoch: 2, step: 5 },
});

/** `count` normal numbers, always the same for one `tag`. */
function normals(tag: number, count: number): Float32Array {
  const words = fillThreefry4x32(
    [tag, 0, 0, 0],
    [0, 0, 0, 0],
    new Uint32Array(count),
  );
  return Float32Array.from(words, (word) => normalQuantile(uniform(word)));
}

function matrix(tag: number, rows: number, columns: number): tf.Tensor2D {
  return tf.tensor2d(normals(tag, rows * columns), [rows, columns]);
}

async function assertTensor(
  actual: tf.Tensor,
  shape: number[],
  expected: ArrayLike<number>,
  tolerance = 1e-4,
): Promise<void> {
  assert.deepEqual(actual.shape, shape);
  const values = await actual.data();
  assert.equal(values.length, expected.length);
  values.forEach((value, i) => {
    const wanted = expected[i] ?? NaN;
    assert(
      Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted)),
      `element ${i}: ${value}, not ${wanted}`,
    );
  });
}

/** Sum over j of a(i, j) * b(j, k), for [n, m] pairs (i, k). */
function product(
  n: number,
  m: number,
  inner: number,
  a: (i: number, j: number) => number,
  b: (j: number, k: number) => number,
): Float64Array {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < m; k++) {
      let sum = 0;
      for (let j = 0; j < inner; j++) sum += a(i, j) * b(j, k);
      out[i * m + k] = sum;
    }
  }
  return out;
}

const at = (values: ArrayLike<number>, i: number) => values[i] ?? NaN;

/** Sizes [n, k, m]: odd ones, a single row, and one of the network's own. */
const SIZES = [[7, 13, 11], [1, 5, 3], [96, 256, 10], [33, 784, 66]] as const;

/**
 * Registers the tests for one backend.
 *
 * @param backend its name in tfjs
 * @param ready starts it and registers its kernels; called once, before use
 * @param skip why the backend cannot be tested here
 */
export function kernelConformance(
  backend: string,
  ready: () => Promise<unknown>,
  skip?: string,
): void {
  let started = false;

  function conforms(what: string, check: () => Promise<void>): void {
    Deno.test({
      name: `${backend} kernels: ${what}${skip ? ` (skipped: ${skip})` : ""}`,
      ignore: skip !== undefined,
      // A GPU's or wasm module's own work outlives the test that started it.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        if (!started) await ready();
        started = true;
        await tf.setBackend(backend);
        const before = tf.memory().numTensors;
        tf.engine().startScope();
        try {
          await check();
        } finally {
          tf.engine().endScope();
        }
        assert.equal(tf.memory().numTensors, before, "tensors leaked");
      },
    });
  }

  conforms("GatherImages takes images in order, as byte / 255", async () => {
    const size = 5;
    const bytes = Uint8Array.from({ length: 4 * size }, (_, i) => 13 * i);
    const order = Uint32Array.of(2, 0, 3, 1);
    const images = { bytes, count: 4, size };
    const expected = [0, 3].flatMap((image) =>
      [...bytes.subarray(image * size, (image + 1) * size)].map((b) => b / 255)
    );
    const batch = gatherImages(images, order, 1, 2);
    assert.equal(batch.dtype, "float32");
    await assertTensor(batch, [2, size], expected, 1e-6);
  });

  conforms("GatherLabels takes labels in order, as int32", async () => {
    const labels = Uint8Array.of(5, 6, 7, 8);
    const batch = gatherLabels(labels, Uint32Array.of(2, 0, 3, 1), 1, 3);
    assert.equal(batch.dtype, "int32");
    await assertTensor(batch, [3], [5, 8, 6], 0);
  });

  for (const rate of [0, 0.02, 0.3, 0.8, 1]) {
    conforms(`Dropout at ${rate} draws the one right mask`, async () => {
      for (const shape of [[256, 256], [3, 7], [5], [2, 3, 5]]) {
        const x = tf.ones(shape);
        const y = dropout(x, masked(rate));
        const { key, position } = masked(rate);
        const mask = dropoutMask(key, position, rate, x.size);
        await assertTensor(y, shape, mask, 1e-6);
        y.dispose();
        // The result was a tensor of its own.
        await assertTensor(x, shape, new Float32Array(x.size).fill(1), 0);
      }
    });
  }

  for (const activation of ["relu", "linear"] as const) {
    for (
      const rate of activation === "relu" ? [undefined, 0, 0.4, 1] : [undefined]
    ) {
      conforms(`Dense, ${activation}, dropout ${rate}`, async () => {
        for (const [n, k, m] of SIZES) {
          const [x, w, b] = [
            normals(1, n * k),
            normals(2, k * m),
            normals(3, m),
          ];
          const y = dense(
            matrix(1, n, k),
            matrix(2, k, m),
            tf.tensor1d(b),
            rate === undefined
              ? { activation }
              : { activation, dropout: masked(rate) },
          );
          const mask = rate === undefined
            ? new Float32Array(n * m).fill(1)
            : dropoutMask(key, masked(rate).position, rate, n * m);
          const sums = product(
            n,
            m,
            k,
            (i, j) => at(x, i * k + j),
            (j, l) => at(w, j * m + l),
          );
          const expected = sums.map((sum, i) => {
            const z = sum + at(b, i % m);
            return (activation === "relu" ? Math.max(0, z) : z) * at(mask, i);
          });
          await assertTensor(y, [n, m], expected);
        }
      });
    }
  }

  for (
    const [activation, rate] of [["linear", 0], ["relu", 0], ["relu", 0.4], [
      "relu",
      1,
    ]] as const
  ) {
    for (const inputGradient of [true, false]) {
      conforms(
        `DenseGradient, ${activation}, rate ${rate}, inputGradient ${inputGradient}`,
        async () => {
          for (const [n, k, m] of SIZES) {
            const [x, w, dy] = [
              normals(1, n * k),
              normals(2, k * m),
              normals(4, n * m),
            ];
            const y = activation === "linear"
              ? matrix(5, n, m)
              : tf.relu(matrix(5, n, m));
            const out = rate === 1 ? tf.zerosLike(y) : y;
            const yValues = await out.data();
            const dz = dy.map((d, i) =>
              activation === "linear"
                ? d
                : at(yValues, i) > 0
                ? d / (1 - rate)
                : 0
            );
            const { dw, db, dx } = denseGradient(
              matrix(1, n, k),
              matrix(2, k, m),
              out,
              matrix(4, n, m),
              { activation, rate, inputGradient },
            );
            const z = (i: number, j: number) => at(dz, i * m + j);
            await assertTensor(
              dw,
              [k, m],
              product(k, m, n, (i, j) => at(x, j * k + i), z),
            );
            await assertTensor(db, [m], product(1, m, n, () => 1, z));
            assert.equal(dx !== undefined, inputGradient);
            if (dx === undefined) continue;
            await assertTensor(
              dx,
              [n, k],
              product(n, k, m, z, (j, l) => at(w, l * m + j)),
            );
          }
        },
      );
    }
  }

  conforms("SoftmaxCrossEntropy: loss, right answers, gradient", async () => {
    for (const [n, c] of [[96, 10], [5, 3], [1, 2], [256, 17]] as const) {
      const values = normals(6, n * c);
      const labels = Int32Array.from({ length: n }, (_, i) => (i * i) % c);
      const gradient = new Float64Array(n * c);
      let loss = 0;
      let right = 0;
      for (let i = 0; i < n; i++) {
        const row = values.subarray(i * c, (i + 1) * c);
        const total = row.reduce((sum, v) => sum + Math.exp(v), 0);
        const label = at(labels, i);
        loss += Math.log(total) - at(row, label);
        if (row.indexOf(Math.max(...row)) === label) right++;
        row.forEach((v, j) => {
          gradient[i * c + j] = (Math.exp(v) / total - Number(j === label)) / n;
        });
      }
      const logits = matrix(6, n, c);
      const target = tf.tensor1d(labels, "int32");
      const { stats, dlogits } = softmaxCrossEntropy(logits, target, true);
      await assertTensor(stats, [2], [loss, right]);
      assert(dlogits !== undefined);
      await assertTensor(dlogits, [n, c], gradient, 1e-6);
      const alone = softmaxCrossEntropy(logits, target, false);
      await assertTensor(alone.stats, [2], [loss, right]);
      assert.equal(alone.dlogits, undefined);
    }
  });

  conforms(
    "SoftmaxCrossEntropy: the first of equal logits answers",
    async () => {
      const logits = tf.tensor2d([[1, 3, 3], [1, 3, 3], [2, 2, 2]]);
      const labels = tf.tensor1d([1, 2, 0], "int32");
      const { stats } = softmaxCrossEntropy(logits, labels, false);
      assert.equal((await stats.data())[1], 2);
    },
  );

  conforms("SoftmaxCrossEntropy: large logits do not overflow", async () => {
    const logits = tf.tensor2d([[1e4, 0], [-1e4, 0]]);
    const labels = tf.tensor1d([1, 1], "int32");
    const { stats, dlogits } = softmaxCrossEntropy(logits, labels, true);
    await assertTensor(stats, [2], [1e4, 1]);
    assert(dlogits !== undefined);
    await assertTensor(dlogits, [2, 2], [0.5, -0.5, 0, 0], 1e-6);
  });

  conforms("SoftmaxCrossEntropy: a NaN among the logits shows", async () => {
    const logits = tf.tensor2d([[0, NaN], [1, 2]]);
    const labels = tf.tensor1d([0, 1], "int32");
    const { stats } = softmaxCrossEntropy(logits, labels, false);
    assert(!Number.isFinite((await stats.data())[0]));
  });

  conforms("sgdUpdate takes learningRate * dw off w alone", async () => {
    for (const size of [1, 10, 256, 784 * 16 + 3]) {
      const [before, gradient] = [normals(8, size), normals(9, size)];
      const initial = tf.tensor1d(before.slice());
      const w = tf.variable(tf.tensor1d(before.slice()));
      const dw = tf.tensor1d(gradient.slice());
      sgdUpdate(w, dw, 0.5);
      const expected = before.map((v, i) => v - 0.5 * at(gradient, i));
      await assertTensor(w, [size], expected, 1e-6);
      await assertTensor(dw, [size], gradient, 0);
      await assertTensor(initial, [size], before, 0);
      w.dispose();
    }
  });
}
