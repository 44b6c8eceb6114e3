// The kernels' WebAssembly module: its functions take addresses in one memory,
// which the TypeScript code allocates. Sizes are in elements, strides in bytes.
// All floats are float32, and matrices row-major.

export { scratchEnd } from "./layout";
export { multiply, takeSteps } from "./multiply";
export { seedMask } from "./threefry";
export { applyMask } from "./dropout";
export {
  add,
  addRow,
  bytesToUnit,
  countPairs,
  descend,
  passWherePositive,
  relu,
  repeatRow,
  scale,
  step,
  subtract,
  sumRows,
  times,
  transpose,
} from "./elementwise";
export { argMax, softmaxCrossEntropy } from "./softmax";
export { fillZero } from "./arithmetic";
export { multiplyAdds } from "./peak";
