import * as tf from "@tensorflow/tfjs";
import { dropoutMask } from "../../worker/random/draws.ts";
import {
  assert,
  assertTensor,
  at,
  type Check,
  key,
  masked,
  matrix,
  normals,
  product,
} from "./world.ts";
import { dense, denseGradient } from "../../worker/training/kernels.ts";

/** Sizes [n, k, m]: odd ones, a single row, and a layer of the network. */
const SIZES = [[7, 13, 11], [1, 5, 3], [96, 256, 10], [33, 784, 66]] as const;

/** Checks of the dense layers and their gradients. */
export function layerChecks(check: Check): void {
  for (const activation of ["relu", "linear"] as const) {
    for (
      const rate of activation === "relu" ? [undefined, 0, 0.4, 1] : [undefined]
    ) {
      check(`Dense, ${activation}, dropout ${rate}`, async () => {
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
      check(
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
            assert(
              (dx !== undefined) === inputGradient,
              "the returned gradients are not the requested ones",
            );
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
}
