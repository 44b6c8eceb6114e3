import * as tf from "@tensorflow/tfjs";
import type { BatchGradients } from "./network.ts";

/** Loss of each example: logits [n, classes], labels int32 [n] -> [n]. */
export type LossOf = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D;

/**
 * Stats and gradients of a batch's mean loss by tfjs's tape, for a network
 * written as a function of its variables.
 *
 * @param forward from the variables to the logits, dropout included
 */
export function lossGradients(
  variables: readonly tf.Variable[],
  forward: () => tf.Tensor2D,
  lossOf: LossOf,
  labels: tf.Tensor1D,
): BatchGradients {
  return tf.tidy(() => {
    // The tape frees what the function makes and does not return.
    const made: tf.Tensor2D[] = [];
    const { grads } = tf.variableGrads(() => {
      const logits = tf.keep(forward());
      made.push(logits);
      return tf.mean(lossOf(logits, labels));
    }, [...variables]);

    const stats = made.map((logits) => lossStats(logits, labels, lossOf))[0];
    made.forEach((logits) => logits.dispose());
    if (stats === undefined) throw new Error("gradients: no forward pass ran");
    return {
      stats,
      gradients: variables.map((variable) =>
        grads[variable.name] ?? tf.zerosLike(variable)
      ),
    };
  });
}

/** [2]: sum of the losses in nats and number of right answers. */
export function lossStats(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  lossOf: LossOf,
): tf.Tensor1D {
  return tf.tidy(() =>
    tf.stack([
      tf.sum(lossOf(logits, labels)),
      tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), "float32")),
    ]).as1D()
  );
}
