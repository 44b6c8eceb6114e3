import type { WebGPUProgram } from "@tensorflow/tfjs-backend-webgpu";
import { THREEFRY_WGSL } from "../threefry_shader.ts";

/**
 * The swarm's kernels in WGSL, as programs of tfjs's WebGPU backend. It puts
 * the inputs in scope under their names, `result`, and `uniforms` with `size`
 * and what a program adds. A program object is good for one run: tfjs extends
 * its key in place.
 */

const WORKGROUP = 64;

interface Source {
  /** Names the program among all of the backend. */
  readonly key: string;
  readonly inputs: string[];
  /** Members of the struct `uniforms`, each ending in a comma. */
  readonly uniforms: string;
  readonly outputShape: number[];
  /** Elements of the result that one invocation sees to. */
  readonly perInvocation?: number;
  /** Defines `main(index)`, called once for each `perInvocation` elements. */
  readonly code: string;
}

function program(source: Source): WebGPUProgram {
  const { outputShape, perInvocation = 1 } = source;
  const size = outputShape.reduce((product, length) => product * length, 1);
  return {
    shaderKey: source.key,
    variableNames: source.inputs,
    uniforms: source.uniforms,
    outputShape,
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: outputShape.map((_, dimension) => dimension) },
    dispatch: [Math.ceil(size / (WORKGROUP * perInvocation)), 1, 1],
    size: true,
    getUserCode: () => source.code,
  };
}

/** Uniforms: key (4), step and epoch, threshold, all uint32; scale, float32. */
export function dropoutProgram(outputShape: number[]): WebGPUProgram {
  return program({
    key: "swarm_dropout",
    inputs: ["x"],
    uniforms:
      "key : vec4<u32>, position : vec2<u32>, threshold : u32, scale : f32,",
    outputShape,
    perInvocation: 4,
    code: `${THREEFRY_WGSL}
fn main(index : i32) {
  let first = index * 4;
  if (first >= uniforms.size) { return; }
  let words = threefry(
    uniforms.key, vec4<u32>(u32(index), uniforms.position, 0u));
  for (var j = 0; j < 4; j = j + 1) {
    if (first + j < uniforms.size) {
      let dropped = words[j] < uniforms.threshold;
      result[first + j] = x[first + j] * select(uniforms.scale, 0.0, dropped);
    }
  }
}`,
  });
}

/** Inputs: four bytes a word, the order, a level a byte. Uniform: start. */
export function gatherImagesProgram(
  outputShape: [number, number],
): WebGPUProgram {
  return program({
    key: "swarm_gather_images",
    inputs: ["words", "order", "levels"],
    uniforms: "start : i32,",
    outputShape,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let pixels = uniforms.outShape.y;
  let row = index / pixels;
  let at = order[uniforms.start + row] * pixels + index - row * pixels;
  let word = bitcast<u32>(words[at / 4]);
  result[index] = levels[(word >> (8u * u32(at % 4))) & 255u];
}`,
  });
}

/** Inputs: the labels, the order. Uniform: start. */
export function gatherLabelsProgram(outputShape: [number]): WebGPUProgram {
  return program({
    key: "swarm_gather_labels",
    inputs: ["labels", "order"],
    uniforms: "start : i32,",
    outputShape,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  result[index] = labels[order[uniforms.start + index]];
}`,
  });
}

/** Into the weights themselves. Input: their gradient. Uniform: the rate. */
export function sgdProgram(outputShape: number[]): WebGPUProgram {
  return program({
    key: "swarm_sgd",
    inputs: ["dw"],
    uniforms: "rate : f32,",
    outputShape,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  result[index] = result[index] - uniforms.rate * dw[index];
}`,
  });
}
