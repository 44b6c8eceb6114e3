import * as tf from "@tensorflow/tfjs";
import type { GPGPUProgram } from "@tensorflow/tfjs";
import { dropThreshold } from "../../random/draws.ts";
import { watchDevice } from "../../training/device.ts";
import { Dropout, registerSwarmKernel } from "../../training/kernels.ts";
import { createDeviceWatch } from "../gpu_kernels.ts";
import { THREEFRY_GLSL } from "../threefry_shader.ts";
import { checkBytes, registerGatherKernels } from "../gpu_kernels.ts";

const WEBGL = "webgl";

/** tfjs's private code for a texture with four bytes per texel. */
const PIXELS = 2;

/** tfjs's shaders address an element by a float32 index. */
const MOST_ELEMENTS = 2 ** 24;

/**
 * Registers kernels that keep training on the GPU: masks are drawn there, and
 * the data set is there. WebGL 1 has no uint32 and uses the portable kernels. A
 * second call changes nothing.
 */
export function registerWebGlKernels(): void {
  if (tf.env().getNumber("WEBGL_VERSION") < 2) return;

  registerSwarmKernel(Dropout, WEBGL, ({ inputs: { x }, attrs, backend }) => {
    const { rate, key, position: { step, epoch } } = attrs;
    // A kernel must return a new tensor, even if the values do not change.
    if (rate <= 0) return tf.clone(x);
    if (rate >= 1) return tf.zerosLike(x);
    checkSize(x.size);
    const gl = webGl(backend);
    const uniforms = [
      // The shader reads the same 32 bits as unsigned.
      key.map((word) => word | 0),
      [step | 0, epoch | 0],
      [dropThreshold(rate) | 0],
      [1 / (1 - rate)],
    ];
    const masked = (matrix: tf.TensorInfo, rows: number, columns: number) =>
      gl.runWebGLProgram(
        dropoutProgram([rows, columns]),
        [matrix],
        "float32",
        uniforms,
      );
    const [rows, columns] = x.shape;
    if (x.rank === 2 && rows !== undefined && columns !== undefined) {
      return masked(x, rows, columns);
    }
    return tf.tidy(() => {
      const flat = masked(tf.reshape(x, [1, x.size]), 1, x.size);
      return tf.reshape(tf.engine().makeTensorFromTensorInfo(flat), x.shape);
    });
  });

  registerGatherKernels(WEBGL, {
    backendOf: webGl,
    uploadBytes,
    checkSize,
    images: (gl, shape, inputs, start) =>
      gl.runWebGLProgram(
        gatherImagesProgram(shape, inputs[0].shape[1] ?? 1),
        inputs,
        "float32",
        [[start]],
      ),
    labels: (gl, count, inputs, start) =>
      gl.runWebGLProgram(gatherLabelsProgram(count), inputs, "int32", [
        [start],
      ]),
  });
}

/** Makes training on WebGL, the current backend, end with its context. */
export function watchWebGl(): void {
  const { gpgpu } = webGl(tf.backend());
  const { gl } = gpgpu;
  const { watch, tell } = createDeviceWatch(
    () => gpgpu.createAndWaitForFence(),
    () => gl.isContextLost(),
  );
  watchDevice(WEBGL, watch);
  // A lost context may be restored empty; it then reports no loss.
  gl.canvas.addEventListener(
    "webglcontextlost",
    () => tell("the browser ended its WebGL context"),
    { once: true },
  );
}

function webGl(backend: unknown): tf.MathBackendWebGL {
  if (backend instanceof tf.MathBackendWebGL) return backend;
  throw new Error("webgl kernels: they run only on tfjs's WebGL backend");
}

/** @throws RangeError for more elements than a float32 index can address */
function checkSize(size: number): void {
  if (size <= MOST_ELEMENTS) return;
  throw new RangeError(
    `webgl: a tensor of more than ${MOST_ELEMENTS} elements: ${size}`,
  );
}

/**
 * Bytes as a texture with four bytes per texel: tfjs's own tensors would need
 * four bytes for each.
 *
 * @returns a tensor of shape [height, width] in texels
 * @throws RangeError if no texture is large enough
 */
function uploadBytes(
  backend: tf.MathBackendWebGL,
  bytes: Uint8Array,
): tf.TensorInfo {
  checkBytes(bytes.length);
  const texels = Math.max(1, Math.ceil(bytes.length / 4));
  const width = Math.ceil(Math.sqrt(texels));
  const height = Math.ceil(texels / width);
  const most = tf.env().getNumber("WEBGL_MAX_TEXTURE_SIZE");
  if (width > most) {
    throw new RangeError(
      `webgl: the images do not fit a texture of ${most} by ${most} texels: ` +
        `${bytes.length} bytes`,
    );
  }
  const info = backend.makeTensorInfo([height, width], "int32");
  const data = backend.texData.get(info.dataId);
  data.usage = PIXELS;
  data.texShape = [height, width];
  backend.gpgpu.uploadDenseMatrixToTexture(
    backend.getTexture(info.dataId),
    width,
    height,
    bytes,
  );
  return info;
}

/**
 * The swarm's kernels in GLSL ES 3.00, as programs of tfjs's WebGL backend. The
 * backend declares samplers and getters for the inputs, and the uniforms.
 * Results that matrix products read are packed: one texel has two columns of
 * two rows.
 */

/** Packed [rows, columns] -> the same. The uniforms are listed at the end. */
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
 * Inputs: four bytes per texel in rows of `width` texels, the order, the level
 * of each byte. Uniform: start.
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
