import * as tf from "@tensorflow/tfjs";
import { backendCandidates } from "../../worker/backends/candidates.ts";
import { selectBackend } from "../../worker/backends/select.ts";
import type { BackendChoice, BackendFiles } from "../../worker/trainer_api.ts";
import { dropout } from "../../worker/training/ops.ts";
import { exampleDataset, maskAttrs, maskShape } from "./masks.ts";

/** A thread that drops out a tensor of ones on a backend, in a browser. */

interface Request {
  readonly choice: BackendChoice;
  readonly files: BackendFiles;
}

interface ThreadScope {
  onmessage: ((message: MessageEvent<Request>) => void) | null;
  postMessage(answer: Float32Array | string): void;
}

declare const self: ThreadScope;

async function draw({ choice, files }: Request): Promise<Float32Array> {
  await selectBackend({
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
  const values = await masked.data();
  return Float32Array.from(values);
}

self.onmessage = ({ data }) => {
  draw(data).then(
    (values) => self.postMessage(values),
    (error) => self.postMessage(String(error)),
  );
};
