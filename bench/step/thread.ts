import * as tf from "@tensorflow/tfjs";
import {
  registerSimdBackend,
  SIMD,
} from "../../worker/backends/simd/simd_backend.ts";
import { kernelFile } from "../../worker/backends/simd/build.ts";
import type { KernelVariant } from "../../worker/backends/simd/loader.ts";
import { startStockBackend } from "../../worker/backends/stock.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";
import type { Dataset } from "../../worker/data/dataset.ts";
import { type Contender, contender, type Request } from "./requests.ts";
import { createRunner } from "./runner.ts";

/**
 * The backends that are measured in threads of Deno: our builds, and tfjs's
 * backends with our portable kernels (`wasm`, `cpu`) or with none of ours.
 */
export type ThreadBackend = KernelVariant | "wasm" | "cpu" | "stock wasm";

interface Start {
  readonly backend: ThreadBackend;
  readonly dataset: Dataset;
}

/** Starts a thread with its own tfjs on `backend`. */
export async function threadContender(
  name: string,
  backend: ThreadBackend,
  dataset: Dataset,
): Promise<Contender> {
  const thread = new Worker(new URL(import.meta.url), { type: "module" });
  const send = (message: Request | Start) =>
    new Promise<unknown>((resolve, reject) => {
      thread.onmessage = ({ data }) => resolve(data);
      thread.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`bench: ${name}: ${event.message}`));
      };
      thread.postMessage(message);
    });
  await send({ backend, dataset });
  return contender(name, send, () => {
    thread.terminate();
    return Promise.resolve();
  });
}

async function start({ backend, dataset }: Start) {
  const stock = backend === "stock wasm";
  if (stock || backend === "wasm" || backend === "cpu") {
    const wasmFolder = wasmFilesFolder();
    await startStockBackend(stock ? "wasm" : backend, { wasmFolder });
  } else {
    tf.enableProdMode();
    const bytes = await kernelFile(backend);
    await registerSimdBackend({ bytes, variant: backend });
    await tf.setBackend(SIMD);
  }
  return createRunner(dataset, { stock });
}

declare const self: {
  onmessage: ((event: MessageEvent<Start | Request>) => void) | null;
  postMessage(message: unknown): void;
};

if (typeof WorkerGlobalScope !== "undefined") {
  let runner: ReturnType<typeof createRunner> | undefined;
  self.onmessage = async ({ data }) => {
    if ("dataset" in data) {
      runner = await start(data);
      self.postMessage(null);
    } else self.postMessage(runner?.(data));
  };
}

declare const WorkerGlobalScope: unknown;
