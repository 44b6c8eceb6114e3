import { Sha256 } from "../../protocol/ids.ts";
import { BackendName, backends } from "../../protocol/training.ts";
import { backendCandidates } from "../../worker/backends/select.ts";
import type { Dataset } from "../../worker/data/dataset.ts";
import { datasetFolder } from "../../worker/data/dataset_folder.ts";
import { fetchDataset } from "../../worker/data/fetch_dataset.ts";
import { sha256Hex } from "../../worker/data/gzip.ts";
import { evaluateWeights } from "../../worker/training/evaluation.ts";
import { trainTrial } from "../../worker/training/train.ts";
import { expose } from "../threads/thread_host.ts";
import { lowerPriority } from "../threads/thread_host.ts";
import type { TrainedOn, VerifierApi, VerifierStart } from "./verifier_api.ts";

/** The verifier's thread, on a CPU backend. `verifier.ts` is its host. */

/** CPU backends, the fastest first: local trainers need the GPU. */
const BACKENDS = BackendName.options.filter((name) => !backends[name].gpu);

interface Ready {
  readonly dataset: Dataset;
  readonly backend: BackendName;
}

let ready: Ready | undefined;

async function start(told: VerifierStart): Promise<TrainedOn> {
  const dataset = await fetchDataset(told.dataset, {
    store: datasetFolder(told.dataFolder),
    download: ({ path }) =>
      Promise.reject(new Error(`the data folder has no valid file: ${path}`)),
    signal: new AbortController().signal,
  });
  const candidates = backendCandidates({ dataset, files: told.files, now });
  const reasons: string[] = [];
  for (const backend of BACKENDS) {
    const candidate = candidates.find((c) => c.backend === backend);
    if (candidate === undefined) continue;
    try {
      const detail = await candidate.start();
      // In the same form as workers report it.
      const backendDetail = detail.slice(0, 200);
      ready = { dataset, backend };
      return { backend, backendDetail };
    } catch (error) {
      reasons.push(`${backend}: ${messageOf(error)}`);
      candidate.remove();
    }
  }
  throw new Error(`no backend is usable: ${reasons.join("; ")}`);
}

function started(): Ready {
  if (ready === undefined) throw new Error("the verifier was not started");
  return ready;
}

function now(): number {
  return performance.now();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const api: VerifierApi = {
  start,

  async evaluate({ recipe }, weights) {
    const { dataset } = started();
    const { loss, accuracy } = await evaluateWeights(
      [dataset.test.images.size, ...recipe.hiddenSizes, dataset.classes],
      // Transferred without a copy: the buffer contains nothing else.
      new Float32Array(weights.buffer),
      dataset.test,
    );
    return { testLoss: Math.max(0, loss), testAccuracy: accuracy };
  },

  async repeat(spec, epochs) {
    const { dataset, backend } = started();
    let packed: ArrayBuffer | undefined;
    const result = await trainTrial(
      { ...spec, recipe: { ...spec.recipe, epochs } },
      dataset,
      {
        backend,
        now,
        onEpoch: () => {},
        onProgress: () => {},
        onWeights: (weights) => {
          packed = weights;
        },
        isStopped: () => false,
        pause: () => Promise.resolve(),
      },
    );
    if (result === null) throw new Error("training stopped unexpectedly");
    return {
      outcome: result.outcome,
      epochs: result.epochs,
      weights: packed === undefined
        ? null
        : Sha256.parse(await sha256Hex(new Uint8Array(packed))),
    };
  },
};

lowerPriority();
expose(api);
