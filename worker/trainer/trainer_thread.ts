import * as Comlink from "comlink";
import { backendCandidates, tensorMemory } from "../backends/select.ts";
import { selectBackend } from "../backends/select.ts";
import { Sha256 } from "../../protocol/ids.ts";
import type { Dataset } from "../data/dataset.ts";
import { sha256Hex } from "../data/gzip.ts";
import type {
  BackendReport,
  FinalWeights,
  TrainerApi,
  TrainerEvents,
} from "./trainer_api.ts";
import { trainTrial } from "../training/train.ts";

/**
 * A trainer's thread: trains one trial at a time on the backend chosen at its
 * start. Runs in a dedicated worker of Deno or of a page; `trainer.ts` is its
 * host.
 */

interface Ready {
  readonly dataset: Dataset;
  readonly report: BackendReport;
  readonly events: TrainerEvents;
}

let ready: Ready | undefined;
let training = false;
let stopped = false;

const now = () => performance.now();

/** Lets the thread handle other messages, such as `stop`. */
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const api: TrainerApi = {
  async start(dataset, { choice, avoid, files }, events) {
    const report = await selectBackend({
      choice,
      avoid,
      candidates: backendCandidates({ dataset, files, now }),
      onMeasuring: events.onMeasuring,
    });
    ready = { dataset, report, events };
    return report;
  },

  async train(spec) {
    if (ready === undefined) {
      throw new Error("train: the thread has not been started");
    }
    if (training) {
      throw new Error("train: the thread is training another trial");
    }
    const { dataset, report, events } = ready;
    // Events are sent on a separate channel. The answer waits for them, so that
    // no event arrives after it.
    const told = new Set<Promise<void>>();
    const tell = (answer: void) => {
      const done = () => {
        told.delete(event);
      };
      // Every call across threads returns a promise.
      const event = Promise.resolve(answer).then(done, done);
      told.add(event);
    };
    training = true;
    stopped = false;
    try {
      let packed: ArrayBuffer | null = null;
      const result = await trainTrial(spec, dataset, {
        backend: report.backend,
        backendDetail: report.backendDetail.slice(0, 200),
        now,
        onEpoch: (metrics) => tell(events.onEpoch(metrics)),
        onWeights: (weights) => {
          packed = weights;
        },
        onProgress: (at) => tell(events.onProgress(at)),
        isStopped: () => stopped,
        pause,
      });
      await Promise.all(told);
      if (result === null) return null;
      if (packed === null) return { result, weights: null };
      return Comlink.transfer(
        { result, weights: await withSum(packed) },
        [packed],
      );
    } finally {
      training = false;
    }
  },

  stop() {
    stopped = true;
  },

  memory: () => Promise.resolve(tensorMemory()),
};

async function withSum(bytes: ArrayBuffer): Promise<FinalWeights> {
  const sum = await sha256Hex(new Uint8Array(bytes));
  return { bytes, sha256: Sha256.parse(sum) };
}
// An unhandled rejection in a page's thread is not reported to its host, which
// would only notice the silence much later. A thrown error is reported.
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  setTimeout(() => {
    throw event.reason;
  }, 0);
});

Comlink.expose(api);
