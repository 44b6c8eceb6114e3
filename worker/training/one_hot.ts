import * as tf from "@tensorflow/tfjs";

/**
 * Rows of zeros with a one at each label: int32 [n] -> float32 [n, classes].
 *
 * Cast afterwards because the wasm backend of tfjs 4.22, asked for float32 at
 * once, writes the integers' bits.
 */
export function oneHotFloat(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.tidy(() =>
    tf.cast(tf.oneHot(labels, classes), "float32").as2D(labels.size, classes)
  );
}
