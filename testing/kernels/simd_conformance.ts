import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { dropoutMask } from "../../worker/random/draws.ts";
import type { RandomKey } from "../../worker/random/threefry.ts";
import { kernelConformance } from "./conformance.ts";
import { createNetwork } from "../../worker/training/networks.ts";
import {
  dense,
  denseGradient,
  dropout,
} from "../../worker/training/kernels.ts";
import { startStockBackend } from "../../worker/backends/stock.ts";
import {
  registerSimdBackend,
  SIMD,
} from "../../worker/backends/simd/simd_backend.ts";
import { kernelFile } from "../../worker/backends/simd/build.ts";
import type { KernelVariant } from "../../worker/backends/simd/loader.ts";
import { SimdBackend } from "../../worker/backends/simd/simd_backend.ts";
import {
  assertClose,
  assertLikeCpu,
  column,
  firstLosses,
  onCpu,
  pick,
  row,
  sparse,
} from "./simd.ts";

/** Tests that a build of the `simd` backend must pass; one build per thread. */
export function simdConformance(variant: KernelVariant): void {
  async function start(): Promise<void> {
    await registerSimdBackend({ bytes: await kernelFile(variant), variant });
    await tf.setBackend(SIMD);
  }

  function test(name: string, body: () => Promise<void> | void): void {
    Deno.test(`simd ${variant}: ${name}`, async () => {
      await start();
      tf.engine().startScope();
      try {
        await body();
      } finally {
        tf.engine().endScope();
      }
    });
  }

  function current(): SimdBackend {
    const backend = tf.backend();
    assert(backend instanceof SimdBackend);
    return backend;
  }

  kernelConformance(SIMD, start);

  test("matMul is that of cpu for any shape, transposition and density", async () => {
    for (let i = 0; i < 150; i++) {
      const word = (tag: number) => pick(i, tag);
      const [n, k, m] = [word(1), word(2), word(3)];
      const [transposeA, transposeB] = [i % 2 === 1, i % 4 > 1];
      const density = [0, 0.1, 0.5, 1][(i >> 2) % 4] ?? 1;
      const a = sparse(i, transposeA ? [k, n] : [n, k], density);
      const b = sparse(i + 1000, transposeB ? [m, k] : [k, m], 1);
      await assertLikeCpu(() => tf.matMul(a, b, transposeA, transposeB));
    }
  });

  test("matMul is that of cpu beyond the blocks' sizes", async () => {
    // Blocks are 256 rows and 1024 terms.
    const shapes: [number, number, number][] = [
      [1030, 7, 5],
      [6, 1029, 30],
      [3, 2050, 2],
      [1027, 1025, 3],
      [300, 784, 26],
      [257, 8, 4],
      [511, 3, 27],
    ];
    for (const [n, k, m] of shapes) {
      const [a, b] = [sparse(n, [n, k], 0.5), sparse(m, [k, m], 1)];
      const [at, bt] = [tf.transpose(a), tf.transpose(b)];
      await assertLikeCpu(() => tf.matMul(a, b));
      await assertLikeCpu(() => tf.matMul(at, bt, true, true));
    }
  });

  test("takeSteps counts the steps of every block's lists", () => {
    const { call } = current().kernels;
    call.takeSteps();
    for (const [n, k, m] of [[784, 37, 5], [257, 8, 4], [3, 2050, 2]]) {
      assert(n !== undefined && k !== undefined && m !== undefined);
      const b = tf.ones<tf.Rank.R2>([k, m]);
      tf.matMul(tf.ones<tf.Rank.R2>([n, k]), b);
      assert.equal(call.takeSteps(), Math.ceil(n / 2) * k);
      tf.matMul(tf.ones<tf.Rank.R2>([k, n]), b, true);
      assert.equal(call.takeSteps(), Math.ceil(n / 2) * k);
      tf.matMul(tf.zeros<tf.Rank.R2>([n, k]), b);
      assert.equal(call.takeSteps(), 0);
    }
  });

  test("matMul is that of cpu for batches and with bias and ReLU", async () => {
    const a = sparse<tf.Rank.R3>(1, [3, 5, 7], 0.5);
    const b = sparse<tf.Rank.R3>(2, [3, 7, 9], 1);
    const one = sparse<tf.Rank.R3>(3, [1, 7, 9], 1);
    const bias = sparse<tf.Rank.R1>(4, [9], 1);
    await assertLikeCpu(() => tf.matMul(a, b));
    await assertLikeCpu(() => tf.matMul(a, one));
    for (const activation of ["linear", "relu", "elu"] as const) {
      await assertLikeCpu(() =>
        tf.fused.matMul({ a, b: one, bias, activation })
      );
    }
  });

  test("elementwise kernels are those of cpu for any shapes", async () => {
    const a = sparse(1, [6, 13], 0.7);
    const b = sparse(2, [6, 13], 0.7);
    const row = sparse<tf.Rank.R1>(3, [13], 1);
    const column = sparse(4, [6, 1], 1);
    const scalar = tf.scalar(0.7);
    const int = tf.tensor2d([[3], [2], [1], [0], [-1], [-2]], [6, 1], "int32");
    const deep = tf.ones([1, 1, 1]);
    for (const op of [tf.add, tf.sub, tf.mul, tf.div, tf.maximum]) {
      for (const other of [b, row, column, scalar, int, deep]) {
        await assertLikeCpu(() => op(a, other));
        await assertLikeCpu(() => op(other, a));
      }
    }
    for (const x of [a, tf.tensor1d([NaN, -0, 0, 1e-30, -1e30]), scalar]) {
      await assertLikeCpu(() => tf.relu(x));
      await assertLikeCpu(() => tf.step(x));
      await assertLikeCpu(() => tf.step(x, 0.25));
    }
  });

  test("reductions and transposes are those of cpu", async () => {
    for (const shape of [[1, 1], [5, 33], [64, 16], [3, 4, 5]]) {
      const x = tf.reshape(
        sparse(shape.length, [tf.util.sizeFromShape(shape), 1], 0.9),
        shape,
      );
      for (const axis of [undefined, 0, 1, -1, [0, 1]]) {
        await assertLikeCpu(() => tf.sum(x, axis));
        await assertLikeCpu(() => tf.sum(x, axis, true));
      }
      await assertLikeCpu(() => tf.transpose(x));
      await assertLikeCpu(() => tf.argMax(x, -1));
      await assertLikeCpu(() => tf.argMax(x, 0));
    }
    await assertLikeCpu(() =>
      tf.argMax(tf.tensor2d([[1, 3, 3], [2, 2, 1]]), 1)
    );
  });

  test("dropout's mask is threefry's, bit for bit, for any size", () => {
    const key: RandomKey = [0xffff_ffff, 7, 0x8000_0000, 2];
    const position = { epoch: 0xffff_fffe, step: 3 };
    for (const rate of [0.02, 0.5, 0.999, 1]) {
      for (const size of [1, 4, 15, 16, 31, 32, 33, 100, 1000]) {
        const masked = dropout(tf.ones([size]), { rate, key, position });
        const expected = dropoutMask(key, position, rate, size);
        assert.deepEqual([...masked.dataSync()], [...expected]);
      }
    }
  });

  test("a gradient's product does not depend on which side is sparser", async () => {
    // The last one has more terms than one pass, and odd sizes.
    for (const [n, k, m] of [[37, 784, 40], [1030, 301, 27]] as const) {
      const weights = sparse(3, [k, m], 1);
      // Few and many zeros on either side: computed as a' dz and as dz' a.
      for (const [left, right] of [[0.5, 1], [1, 0.1], [0.5, 0.02]] as const) {
        const x = sparse(1, [n, k], left);
        const dy = sparse(2, [n, m], right);
        const { dw, db } = denseGradient(x, weights, dy, dy, {
          activation: "linear",
          rate: 0,
          inputGradient: false,
        });
        assertClose(dw, await onCpu(() => tf.matMul(x, dy, true)));
        assertClose(db, await onCpu(() => tf.sum(dy, 0)));
      }
    }
  });

  test("a NaN in the inputs reaches the output", () => {
    const x = tf.ones<tf.Rank.R2>([3, 5]);
    const y = dense(
      x,
      tf.fill([5, 2], NaN),
      tf.zeros([2]),
      { activation: "relu" },
    );
    assert(y.dataSync().every(Number.isNaN));
  });

  test("gradients are those of finite differences", () => {
    const sizes = [30, 12, 9, 4] as const;
    const network = createNetwork("fused", {
      sizes,
      rates: [0.3, 0.4],
      replicate: { seed: 1, replicate: 0 },
      weightStd: 0.4,
    });
    const images = tf.tidy(() =>
      tf.abs(sparse(9, [20, 30], 0.6))
    ) as tf.Tensor2D;
    const labels = tf.tensor1d(
      Array.from({ length: 20 }, (_, i) => i % 4),
      "int32",
    );
    const position = { epoch: 1, step: 2 };
    const at = () => {
      const { stats, gradients } = network.gradients(images, labels, position);
      const [loss = NaN] = stats.dataSync();
      return { loss: loss / 20, gradients };
    };
    const { gradients } = at();
    network.variables.forEach((variable, v) => {
      const values = variable.dataSync();
      const gradient = gradients[v]?.dataSync() ?? [];
      for (let i = 0; i < values.length; i += 7) {
        const lossWith = (change: number) => {
          const moved = values.slice();
          moved[i] = (moved[i] ?? 0) + change;
          variable.assign(tf.tensor(moved, variable.shape));
          return at().loss;
        };
        const slope = (lossWith(4e-3) - lossWith(-4e-3)) / 8e-3;
        const difference = Math.abs(slope - (gradient[i] ?? NaN));
        assert(
          difference < 3e-3,
          `variable ${v}, ${i}: ${gradient[i]}, measured ${slope}`,
        );
      }
      variable.assign(tf.tensor(values, variable.shape));
    });
    network.dispose();
  });

  for (const kind of ["fused", "scratch", "layers"] as const) {
    test(`${kind}: the first five losses are those of cpu to 1e-4`, async () => {
      const onSimd = firstLosses(kind, 5);
      const expected = await onCpu(() => tf.tensor1d(firstLosses(kind, 5)));
      assertClose(tf.tensor1d(onSimd), expected, 1e-4);
    });
  }

  test("memory stops growing after the first of ten trials", () => {
    const backend = current();
    const seen = Array.from({ length: 10 }, () => {
      tf.tidy(() => firstLosses("fused", 12));
      return {
        bytes: backend.arena.totalBytes,
        used: backend.arena.usedBytes,
        tensors: tf.memory().numTensors,
      };
    });
    assert.deepEqual(seen.slice(1), seen.slice(0, -1));
  });

  test("kernels of the cpu backend run on the same tensors", async () => {
    const image = sparse<tf.Rank.R4>(5, [1, 9, 9, 3], 1);
    const filter = sparse<tf.Rank.R4>(6, [3, 3, 3, 2], 1);
    await assertLikeCpu(() => tf.relu(tf.conv2d(image, filter, 1, "same")));
    await assertLikeCpu(() =>
      tf.topk(tf.matMul(row(image), column(image))).values
    );
    await assertLikeCpu(() => tf.softmax(tf.add(row(image), 1)));
    await assertLikeCpu(() => tf.gather(image, tf.tensor1d([0, 0], "int32")));
    await assertLikeCpu(() => tf.cast(tf.mul(image, 3), "int32"));
    await assertLikeCpu(() => {
      const z = tf.complex(row(image), tf.mul(row(image), 2));
      return tf.add(tf.real(z), tf.imag(z));
    });
    const words = tf.tensor1d(["a", "b"], "string");
    assert.deepEqual(await tf.concat([words, words]).data(), [..."abab"]);
  });

  test("a model of tf.layers fits", async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: "relu", inputShape: [5] }),
        tf.layers.dropout({ rate: 0.1, seed: 3 }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.05), loss: "meanSquaredError" });
    const x = sparse(1, [64, 5], 1);
    const y = tf.sum(x, 1, true);
    const { history } = await model.fit(x, y, { epochs: 20, shuffle: false });
    const losses = history.loss ?? [];
    assert(Number(losses.at(-1)) < Number(losses[0]) / 4, `${losses}`);
    model.dispose();
  });

  test("tensors of another backend move here and back", async () => {
    await startStockBackend("cpu");
    const there = tf.tensor2d([[1, 2], [3, 4]]);
    await tf.setBackend(SIMD);
    const here = tf.matMul(there, there);
    assert.deepEqual([...here.dataSync()], [7, 10, 15, 22]);
    await tf.setBackend("cpu");
    assert.deepEqual([...tf.exp(tf.sub(here, here)).dataSync()], [1, 1, 1, 1]);
  });

  test("read values do not change when the memory is reused", () => {
    const first = tf.add(tf.ones([100]), 1);
    const values = first.dataSync();
    first.dispose();
    tf.add(tf.ones([100]), 5);
    assert(values.every((value) => value === 2));
  });
}
