import assert from "node:assert/strict";
import type { BackendChoice, BackendName } from "../../protocol/training.ts";
import type { Dataset } from "../data/dataset.ts";
import { CannotTrainError } from "../session/failure.ts";
import { manifest } from "../../testing/worker/fixtures.ts";
import {
  type TrainerOptions,
  TrainerStuckError,
  type TrainerThread,
} from "./trainer.ts";
import { type MemoryLimits, TooLargeError } from "./memory.ts";
import { createTrainerPool } from "./trainer_pool.ts";

const never = new AbortController().signal;
const images = { bytes: new Uint8Array(), count: 0, size: 784 };
const half = { images, labels: new Uint8Array() };
const dataset: Dataset = { name: "none", classes: 10, train: half, test: half };

/** Fake threads; by default `auto` chooses simd. */
function pool(
  choice: BackendChoice,
  onStart: (options: TrainerOptions) => BackendName = ({ choice, avoid }) =>
    choice !== "auto" ? choice : avoid.includes("webgpu") ? "simd" : "webgpu",
  memory?: MemoryLimits,
) {
  const starts: { choice: BackendChoice; avoid: readonly BackendName[] }[] = [];
  const open = new Set<TrainerThread>();
  let loads = 0;
  const startTrainer = createTrainerPool({
    spawn: () => {
      throw new Error("no real threads in this test");
    },
    choice,
    files: () => Promise.resolve({}),
    ...memory && { memory: () => memory },
    loadDataset: () => {
      loads++;
      return Promise.resolve(dataset);
    },
    start: async (options) => {
      const { choice, avoid } = options;
      starts.push({ choice, avoid });
      await Promise.resolve();
      const backend = onStart(options);
      const thread: TrainerThread = {
        report: {
          backend,
          backendDetail: "fake",
          stepMilliseconds: 5,
          measurements: [
            { backend, stepMilliseconds: 5, detail: `by ${choice}` },
          ],
        },
        train: () => Promise.resolve(null),
        memory: () => Promise.resolve({ tensors: 0, bytes: 0 }),
        close: () => {
          open.delete(thread);
        },
      };
      open.add(thread);
      return thread;
    },
  });
  const ask = (slot: number, failedBackends: BackendName[] = [], digit = "a") =>
    startTrainer({ slot, dataset: manifest(digit), failedBackends }, never);
  return { ask, starts, open, loads: () => loads };
}

Deno.test("createTrainerPool: a data set that does not fit is not loaded, and threads share what is left", async () => {
  const shared = { threads: 2, shared: true };
  // The fixture's files have 20 bytes each, and 10 compressed.
  const tight = pool("cpu", undefined, { ...shared, bytes: 109 });
  await assert.rejects(tight.ask(0), TooLargeError);
  assert.equal(tight.loads(), 0);

  const limits: (number | undefined)[] = [];
  const roomy = pool("cpu", ({ memoryBytes }) => {
    limits.push(memoryBytes);
    return "cpu";
  }, { ...shared, bytes: 110 });
  await roomy.ask(0);
  assert.deepEqual(limits, [55]);
});

Deno.test("createTrainerPool: auto measures once, in a thread that is then ended", async () => {
  const { ask, starts, open, loads } = pool("auto");
  const trainers = await Promise.all([ask(0), ask(1), ask(2)]);
  assert.deepEqual(starts.map(({ choice }) => choice), [
    "auto",
    "webgpu",
    "webgpu",
    "webgpu",
  ]);
  assert.equal(open.size, 3);
  assert.equal(loads(), 1);
  for (const { report } of trainers) {
    assert.equal(report.backend, "webgpu");
    assert.equal(report.measurements[0]?.detail, "by auto");
  }
});

Deno.test("createTrainerPool: starts a backend that is chosen by name", async () => {
  const { ask, starts } = pool("wasm");
  await ask(0);
  await ask(1, ["wasm", "wasm"]);
  assert.deepEqual(starts.map(({ choice }) => choice), ["wasm", "wasm"]);
});

Deno.test("createTrainerPool: a GPU that failed once is not chosen again", async () => {
  const { ask, starts } = pool("auto");
  await ask(0);
  const { report } = await ask(0, ["webgpu"]);
  assert.equal(report.backend, "simd");
  assert.deepEqual(starts[2], { choice: "auto", avoid: ["webgpu"] });
  // Nor in the next session, although its own list of failures is empty.
  assert.equal((await ask(0)).report.backend, "simd");
});

Deno.test("createTrainerPool: a CPU backend is tried again after one failure, not after two", async () => {
  const { ask, starts } = pool(
    "auto",
    ({ choice, avoid }) =>
      choice !== "auto" ? choice : avoid.includes("simd") ? "wasm" : "simd",
  );
  assert.equal((await ask(0, ["simd"])).report.backend, "simd");
  assert.equal((await ask(0, ["simd", "simd"])).report.backend, "wasm");
  assert.deepEqual(starts.at(-2), { choice: "auto", avoid: ["simd"] });
});

Deno.test("createTrainerPool: skips a backend that hangs when measured", async () => {
  const { ask, starts } = pool("auto", ({ choice, avoid }) => {
    if (choice !== "auto") return choice;
    if (!avoid.includes("webgpu")) {
      throw new TrainerStuckError("hung", "webgpu");
    }
    return "simd";
  });
  assert.equal((await ask(0)).report.backend, "simd");
  assert.equal((await ask(1)).report.backend, "simd");
  assert.deepEqual(starts.map(({ choice }) => choice), [
    "auto",
    "auto",
    "simd",
    "simd",
  ]);
});

Deno.test("createTrainerPool: skips a chosen backend that cannot start another thread", async () => {
  let contexts = 0;
  const { ask } = pool("auto", ({ choice, avoid }) => {
    if (choice === "auto") return avoid.includes("webgpu") ? "simd" : "webgpu";
    if (choice === "webgpu" && ++contexts > 1) {
      throw new CannotTrainError("full");
    }
    return choice;
  });
  assert.equal((await ask(0)).report.backend, "webgpu");
  assert.equal((await ask(1)).report.backend, "simd");
});

Deno.test("createTrainerPool: throws an error that another backend cannot avoid", async () => {
  const { ask } = pool("auto", () => {
    throw new CannotTrainError("no backend is usable here");
  });
  await assert.rejects(ask(0), CannotTrainError);
});

Deno.test("createTrainerPool: loads other data, but not the same data twice", async () => {
  const { ask, loads } = pool("simd");
  await ask(0, [], "a");
  await ask(1, [], "a");
  await ask(0, [], "b");
  assert.equal(loads(), 2);
});
