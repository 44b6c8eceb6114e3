import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { backendCandidates } from "../../worker/backends/select.ts";
import { selectBackend } from "../../worker/backends/select.ts";
import { type BackendChoice, backends } from "../../protocol/training.ts";
import type { BackendFiles } from "../../worker/trainer/trainer_api.ts";
import { kernelChecks } from "../../testing/kernels/conformance.ts";
import {
  causeOf,
  readBack,
  verifyDevice,
} from "../../worker/training/device.ts";
import { dropout } from "../../worker/training/kernels.ts";
import { exampleDataset, maskAttrs, maskShape } from "./masks.ts";

/**
 * A thread that runs the checks of the kernels on a backend, in a browser, and
 * drops out a tensor of ones.
 */

interface Request {
  readonly choice: BackendChoice;
  readonly files: BackendFiles;
  /** Whether to run the checks, too. */
  readonly checks: boolean;
}

/** What came of it; a string is why nothing did. */
export interface Answer {
  readonly backend: string;
  /** The ones, dropped out. */
  readonly masked: Float32Array;
  readonly passed: number;
  /** What did not pass, and why. */
  readonly failed: readonly string[];
  /** What training says of a GPU that fails, of each way; empty without one. */
  readonly faults: readonly string[];
}

interface ThreadScope {
  onmessage: ((message: MessageEvent<Request>) => void) | null;
  postMessage(answer: Answer | string): void;
}

declare const self: ThreadScope;

async function answer({ choice, files, checks }: Request): Promise<Answer> {
  const { backend } = await selectBackend({
    choice,
    avoid: [],
    candidates: backendCandidates({
      dataset: exampleDataset(),
      files,
      now: () => performance.now(),
    }),
    onMeasuring: () => {},
  });
  const masked = dropout(tf.ones([...maskShape]), maskAttrs);
  const values = Float32Array.from(await masked.data());
  masked.dispose();
  let passed = 0;
  const failed: string[] = [];
  for (const { what, run } of checks ? kernelChecks() : []) {
    try {
      await run();
      passed++;
    } catch (error) {
      failed.push(`${what}: ${error}`);
    }
  }
  return {
    backend,
    masked: values,
    passed,
    failed,
    faults: backends[backend].gpu ? await faults() : [],
  };
}

/** Makes the backend's GPU compute wrongly, then fail or be lost. */
async function faults(): Promise<string[]> {
  const backend = tf.backend();
  // Few numbers would be added without the GPU.
  const ones = tf.ones([4096]);
  const two = tf.add(ones, ones);
  const cause = async () => {
    try {
      return `read ${await readBack(two)}`;
    } catch (error) {
      return `${await causeOf(error)}`;
    }
  };
  if (backend instanceof WebGPUBackend) {
    const { device } = backend;
    const { mapAsync } = GPUBuffer.prototype;
    // Chromium rejects this reading before it reports that the device is lost.
    GPUBuffer.prototype.mapAsync = function (...args) {
      const mapped = mapAsync.apply(this, args);
      device.destroy();
      return mapped;
    };
    const inReading = await cause();
    await device.lost;
    return [inReading, await cause()];
  }
  if (backend instanceof tf.MathBackendWebGL) {
    const { gl } = backend.gpgpu;
    const { uniform1fv } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.uniform1fv = function (where) {
      uniform1fv.call(this, where, [NaN]);
    };
    const wrong = await verifyDevice().catch(String);
    WebGL2RenderingContext.prototype.uniform1fv = uniform1fv;
    gl.getExtension("WEBGL_lose_context")?.loseContext();
    await new Promise((told) =>
      gl.canvas.addEventListener("webglcontextlost", told)
    );
    return [`${wrong}`, await cause()];
  }
  throw new Error(`a GPU without a way to break it: ${tf.getBackend()}`);
}

self.onmessage = ({ data }) => {
  answer(data).then(
    (found) => self.postMessage(found),
    (error) => self.postMessage(String(error)),
  );
};
