import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { backendCandidates } from "../../worker/backends/select.ts";
import { selectBackend } from "../../worker/backends/select.ts";
import { type BackendChoice, backends } from "../../protocol/training.ts";
import type { BackendFiles } from "../../worker/trainer/trainer_api.ts";
import { kernelChecks } from "../../testing/kernels/conformance.ts";
import { readBack } from "../../worker/training/device.ts";
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
  /** How a reading failed after the GPU was taken away; null without a GPU. */
  readonly afterLoss: string | null;
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
    afterLoss: backends[backend].gpu ? await readingAfterLoss() : null,
  };
}

/** Takes the backend's GPU away as a driver does, and reads from it. */
async function readingAfterLoss(): Promise<string> {
  const ones = tf.ones([4]);
  const backend = tf.backend();
  if (backend instanceof WebGPUBackend) {
    backend.device.destroy();
    await backend.device.lost;
  } else if (backend instanceof tf.MathBackendWebGL) {
    const { gl } = backend.gpgpu;
    gl.getExtension("WEBGL_lose_context")?.loseContext();
    await new Promise((told) =>
      gl.canvas.addEventListener("webglcontextlost", told)
    );
  }
  return await readBack(ones).then(
    (values) => `read ${values}`,
    (error) => `${error}`,
  );
}

self.onmessage = ({ data }) => {
  answer(data).then(
    (found) => self.postMessage(found),
    (error) => self.postMessage(String(error)),
  );
};
