import * as tf from "@tensorflow/tfjs";
import {
  assert,
  assertTensor,
  at,
  type Check,
  matrix,
  normals,
} from "./world.ts";
import { softmaxCrossEntropy } from "../../worker/training/kernels.ts";

/** Checks of the loss and its gradient. */
export function lossChecks(check: Check): void {
  check("SoftmaxCrossEntropy: loss, correct answers, gradient", async () => {
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
      assert(dlogits !== undefined, "no gradient");
      await assertTensor(dlogits, [n, c], gradient, 1e-6);
      const alone = softmaxCrossEntropy(logits, target, false);
      await assertTensor(alone.stats, [2], [loss, right]);
      assert(alone.dlogits === undefined, "a gradient that was not requested");
    }
  });

  check(
    "SoftmaxCrossEntropy: the answer is the first of equal logits",
    async () => {
      const logits = tf.tensor2d([[1, 3, 3], [1, 3, 3], [2, 2, 2]]);
      const labels = tf.tensor1d([1, 2, 0], "int32");
      const { stats } = softmaxCrossEntropy(logits, labels, false);
      await assertTensor(stats.slice(1), [1], [2], 0);
    },
  );

  check("SoftmaxCrossEntropy: large logits do not overflow", async () => {
    const logits = tf.tensor2d([[1e4, 0], [-1e4, 0]]);
    const labels = tf.tensor1d([1, 1], "int32");
    const { stats, dlogits } = softmaxCrossEntropy(logits, labels, true);
    await assertTensor(stats, [2], [1e4, 1]);
    assert(dlogits !== undefined, "no gradient");
    await assertTensor(dlogits, [2, 2], [0.5, -0.5, 0, 0], 1e-6);
  });

  check(
    "SoftmaxCrossEntropy: a NaN among the logits gives a loss that is not finite",
    async () => {
      const logits = tf.tensor2d([[0, NaN], [1, 2]]);
      const labels = tf.tensor1d([0, 1], "int32");
      const { stats } = softmaxCrossEntropy(logits, labels, false);
      const [sum = 0] = await stats.data();
      assert(!Number.isFinite(sum), `a loss of ${sum}`);
    },
  );
}
