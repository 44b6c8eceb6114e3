import { BackendName, backends } from "../../protocol/training.ts";
import { backendCandidates } from "../../worker/backends/select.ts";
import type { Dataset } from "../../worker/data/dataset.ts";
import { datasetFolder } from "../../worker/data/dataset_folder.ts";
import { fetchDataset } from "../../worker/data/fetch_dataset.ts";
import { evaluateWeights } from "../../worker/training/evaluation.ts";
import { trainTrial } from "../../worker/training/train.ts";
import { lowerPriority } from "../threads/thread_priority.ts";
import type {
  VerifierAnswer,
  VerifierJob,
  VerifierStart,
} from "./verifier_api.ts";

/**
 * The verifier's thread: evaluates and trains on a CPU backend, one job after
 * the other. `verifier.ts` is the other side. Its messages come from its own
 * process alone.
 */

/** On the CPU only, the fastest first: a GPU is the local trainers'. */
const BACKENDS = BackendName.options.filter((name) => !backends[name].gpu);

interface Ready {
  readonly dataset: Dataset;
  readonly backend: BackendName;
}

let ready: Ready | undefined;

async function start(told: VerifierStart): Promise<VerifierAnswer> {
  const dataset = await fetchDataset(told.dataset, {
    store: datasetFolder(told.dataFolder),
    download: ({ path }) =>
      Promise.reject(new Error(`the data folder lacks a sound file: ${path}`)),
    signal: new AbortController().signal,
  });
  const candidates = backendCandidates({ dataset, files: told.files, now });
  const reasons: string[] = [];
  for (const backend of BACKENDS) {
    const candidate = candidates.find((c) => c.backend === backend);
    if (candidate === undefined) continue;
    try {
      const detail = await candidate.start();
      // As workers tell it.
      const backendDetail = detail.slice(0, 200);
      ready = { dataset, backend };
      return { type: "ready", backend, backendDetail };
    } catch (error) {
      reasons.push(`${backend}: ${messageOf(error)}`);
      candidate.remove();
    }
  }
  throw new Error(`no backend can be used: ${reasons.join("; ")}`);
}

async function work(
  { dataset, backend }: Ready,
  job: VerifierJob,
): Promise<VerifierAnswer> {
  switch (job.type) {
    case "evaluate": {
      const { loss, accuracy } = await evaluateWeights(
        [
          dataset.test.images.size,
          ...job.spec.recipe.hiddenSizes,
          dataset.classes,
        ],
        new Float32Array(job.weights),
        dataset.test,
      );
      const figures = { testLoss: Math.max(0, loss), testAccuracy: accuracy };
      return { type: "evaluated", figures };
    }
    case "repeat": {
      const { spec, epochs } = job;
      const result = await trainTrial(
        { ...spec, recipe: { ...spec.recipe, epochs } },
        dataset,
        {
          backend,
          now,
          onEpoch: () => {},
          onProgress: () => {},
          isStopped: () => false,
          pause: () => Promise.resolve(),
        },
      );
      if (result === null) throw new Error("training stopped by itself");
      return { type: "repeated", repetition: result };
    }
    default:
      return job satisfies never;
  }
}

function now(): number {
  return performance.now();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The thread's own side: `self` is typed as a page's window. */
const host = self as unknown as {
  onmessage: (event: MessageEvent<VerifierStart | VerifierJob>) => void;
  postMessage(answer: VerifierAnswer): void;
};

lowerPriority();

host.onmessage = async ({ data }) => {
  if ("dataFolder" in data) {
    host.postMessage(
      await start(data).catch((error): VerifierAnswer => ({
        type: "unusable",
        message: messageOf(error),
      })),
    );
    return;
  }
  host.postMessage(
    await (ready === undefined
      ? Promise.reject(new Error("it was not started"))
      : work(ready, data)).catch((error): VerifierAnswer => ({
        type: "failed",
        message: messageOf(error),
      })),
  );
};
