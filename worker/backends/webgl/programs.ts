import type { GPGPUProgram } from "@tensorflow/tfjs";
import { THREEFRY_GLSL } from "../threefry_shader.ts";

/**
 * The swarm's kernels in GLSL ES 3.00, as programs of tfjs's WebGL backend. It
 * declares samplers and getters for the inputs, and the uniforms. Results are
 * packed where matrix products take them packed: one texel holds two columns
 * of two rows.
 */

/** Packed [rows, columns] -> the same. Uniforms as listed at the end. */
export function dropoutProgram(
  [rows, columns]: [number, number],
): GPGPUProgram {
  return {
    variableNames: ["source"],
    outputShape: [rows, columns],
    packedInputs: true,
    packedOutput: true,
    userCode: `${THREEFRY_GLSL}
uvec4 block(int number) {
  return threefry(uvec4(key), uvec4(uint(number), uvec2(position), 0u));
}
vec2 masks(int first) {
  int number = first / 4;
  int place = first - number * 4;
  uvec4 words = block(number);
  uint one = place == 0 ? words.x : place == 1 ? words.y
    : place == 2 ? words.z : words.w;
  uint two = place == 0 ? words.y : place == 1 ? words.z
    : place == 2 ? words.w : block(number + 1).x;
  return vec2(one < uint(threshold) ? 0. : scale,
              two < uint(threshold) ? 0. : scale);
}
void main() {
  ivec2 at = getOutputCoords();
  int first = at.x * ${columns} + at.y;
  setOutput(getSourceAtOutCoords() *
    vec4(masks(first), masks(first + ${columns})));
}`,
    customUniforms: [
      { name: "key", type: "ivec4" },
      { name: "position", type: "ivec2" },
      { name: "threshold", type: "int" },
      { name: "scale", type: "float" },
    ],
  };
}

/**
 * Inputs: four bytes a texel in rows of `width` texels, the order, a level a
 * byte. Uniform: start.
 */
export function gatherImagesProgram(
  [rows, columns]: [number, number],
  width: number,
): GPGPUProgram {
  return {
    variableNames: ["bytes", "order", "levels"],
    outputShape: [rows, columns],
    packedOutput: true,
    userCode: `
float pixel(int row, int column) {
  if (row >= ${rows} || column >= ${columns}) return 0.;
  int at = int(getOrder(start + row)) * ${columns} + column;
  int texel = at / 4;
  int place = at - texel * 4;
  vec4 four = texelFetch(bytes, ivec2(texel % ${width}, texel / ${width}), 0);
  float one = place == 0 ? four.r : place == 1 ? four.g
    : place == 2 ? four.b : four.a;
  return getLevels(int(one * 255. + .5));
}
void main() {
  ivec2 at = getOutputCoords();
  setOutput(vec4(
    pixel(at.x, at.y), pixel(at.x, at.y + 1),
    pixel(at.x + 1, at.y), pixel(at.x + 1, at.y + 1)));
}`,
    customUniforms: [{ name: "start", type: "int" }],
  };
}

/** Inputs: the labels, the order. Uniform: start. */
export function gatherLabelsProgram(count: number): GPGPUProgram {
  return {
    variableNames: ["labels", "order"],
    outputShape: [count],
    userCode: `
void main() {
  int at = getOutputCoords();
  setOutput(getLabels(int(getOrder(start + at))));
}`,
    customUniforms: [{ name: "start", type: "int" }],
  };
}
