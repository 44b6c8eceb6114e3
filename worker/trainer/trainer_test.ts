import assert from "node:assert/strict";
import { Recipe, type TrialSpec } from "../../protocol/study.ts";
import type { EpochMetrics } from "../../protocol/training.ts";
import { collectGarbage } from "../../tests/garbage.ts";
import { loadDataset, shareBytes } from "../data/dataset.ts";
import type { TrainCallbacks } from "../session/session_types.ts";
import { trialSpec } from "../../testing/worker/fixtures.ts";
import type { Fault } from "../../testing/worker/faulty_thread.ts";
import { tinyDataset } from "../../testing/worker/tiny_dataset.ts";
import {
  startTrainer,
  type TrainerOptions,
  type TrainerThread,
} from "./trainer.ts";

// Small, so that starting the thread takes most of the time.
const tiny = tinyDataset({ train: 200, test: 50, rows: 1 });
const dataset = loadDataset(tiny.manifest, {
  trainImages: shareBytes(tiny.plain.trainImages),
  trainLabels: shareBytes(tiny.plain.trainLabels),
  testImages: shareBytes(tiny.plain.testImages),
  testLabels: shareBytes(tiny.plain.testLabels),
});

function spec(recipe: Partial<Recipe> = {}): TrialSpec {
  return {
    ...trialSpec(0),
    recipe: Recipe.parse({
      epochs: 2,
      batchSize: 20,
      hiddenSizes: [8, 8],
      ...recipe,
    }),
  };
}

/** Longer than any test waits. */
const endless = spec({ epochs: 1000, batchSize: 1, hiddenSizes: [64, 64] });

const never = new AbortController().signal;
const deaf: TrainCallbacks = { onEpoch: () => {}, onProgress: () => {} };

/** A real thread on tfjs's cpu backend, and a function that breaks it. */
async function withTrainer(
  use: (trainer: TrainerThread, fail: (fault: Fault) => void) => Promise<void>,
  more: Partial<TrainerOptions> = {},
): Promise<void> {
  let worker: Worker | undefined;
  const trainer = await startTrainer({
    spawn: () => worker = spawnThread(),
    dataset,
    choice: "cpu",
    avoid: [],
    files: {},
    // The thread's code is compiled first, which takes minutes on a busy
    // machine.
    startSeconds: 1800,
    ...more,
  }, never);
  try {
    await use(trainer, (fault) => worker?.postMessage(fault));
  } finally {
    trainer.close();
  }
}

function spawnThread(): Worker {
  const thread = new URL(
    "../../testing/worker/faulty_thread.ts",
    import.meta.url,
  );
  return new Worker(thread, { type: "module" });
}

/** Starts training and waits for its first message. */
async function underWay(trainer: TrainerThread, stop: AbortSignal) {
  const { promise: moving, resolve } = Promise.withResolvers<void>();
  const training = trainer.train(
    endless,
    { ...deaf, onProgress: () => resolve() },
    stop,
  );
  training.catch(() => {});
  await Promise.race([moving, training]);
  return { training };
}

// One thread for all that leaves it whole: starting one takes longest.
Deno.test("startTrainer: one thread", async (t) => {
  await withTrainer(async (trainer) => {
    await t.step(
      "a thread trains trials with the same figures each time and keeps no tensors",
      async () => {
        assert.equal(trainer.report.backend, "cpu");
        assert.ok(trainer.report.stepMilliseconds > 0);

        const told: EpochMetrics[] = [];
        const first = await trainer.train(
          spec(),
          { ...deaf, onEpoch: (metrics) => told.push(metrics) },
          never,
        );
        assert.equal(first?.result.outcome, "trained");
        assert.equal(first?.result.backend, "cpu");
        // All events arrived before the result.
        assert.deepEqual(told, first?.result.epochs);
        assert.deepEqual(told.map(({ epoch }) => epoch), [1, 2]);

        const { tensors } = await trainer.memory();
        const untimed = (epochs: EpochMetrics[] = []) =>
          epochs.map(({ seconds: _, ...figures }) => figures);
        for (let i = 0; i < 5; i++) {
          const again = await trainer.train(spec(), deaf, never);
          assert.deepEqual(
            untimed(again?.result.epochs),
            untimed(first?.result.epochs),
          );
        }
        assert.equal((await trainer.memory()).tensors, tensors);
      },
    );

    await t.step(
      "a trial's weights can be garbage-collected once its caller drops them",
      async () => {
        const train = async () => {
          const trained = await trainer.train(spec(), deaf, never);
          assert.ok(trained?.weights);
          return new WeakRef(trained.weights);
        };
        const earlier = [await train(), await train()];
        // The platform may keep the thread's last message in memory.
        await trainer.memory();
        await collectGarbage();
        assert.ok(earlier.every((weights) => weights.deref() === undefined));
      },
    );

    await t.step(
      "a stopped training resolves to null and leaves no tensors, and the thread can train again",
      async () => {
        const before = await trainer.memory();
        const stop = new AbortController();
        const { training } = await underWay(trainer, stop.signal);
        stop.abort();
        assert.equal(await training, null);
        assert.deepEqual(await trainer.memory(), before);
        const next = await trainer.train(spec(), deaf, never);
        assert.equal(next?.result.epochs.length, 2);
        assert.equal(await trainer.train(spec(), deaf, stop.signal), null);
      },
    );

    await t.step("closing rejects a running training", async () => {
      const { training } = await underWay(trainer, never);
      trainer.close();
      await assert.rejects(training, { message: "the trainer was closed" });
    });
  });
});

Deno.test("startTrainer: a thread that dies mid-trial rejects its training with the reason", async () => {
  await withTrainer(async (trainer, fail) => {
    const { training } = await underWay(trainer, never);
    fail({ fault: "crash" });
    await assert.rejects(training, {
      name: "TrainerDiedError",
      message: /the trainer thread died: .*out of memory/,
    });
    await assert.rejects(trainer.memory(), { name: "TrainerDiedError" });
  });
});

Deno.test("startTrainer: an unhandled rejection in the thread rejects its training at once", async () => {
  await withTrainer(async (trainer, fail) => {
    const { training } = await underWay(trainer, never);
    fail({ fault: "reject" });
    await assert.rejects(training, {
      name: "TrainerDiedError",
      failure: "died",
      message: /the trainer thread died: .*nobody waits/,
    });
  });
});

Deno.test("startTrainer: detects a thread that hangs in a trial", async () => {
  await withTrainer(async (trainer, fail) => {
    const { training } = await underWay(trainer, never);
    fail({ fault: "hang" });
    await assert.rejects(training, {
      name: "TrainerStuckError",
      message: "the trainer thread is stuck: no step in 2 s",
    });
  }, { stuckSteps: 0, stuckSeconds: 2 });
});

Deno.test("startTrainer: detects a thread that does not stop when told to", async () => {
  await withTrainer(async (trainer, fail) => {
    const stop = new AbortController();
    const { training } = await underWay(trainer, stop.signal);
    fail({ fault: "hang" });
    stop.abort();
    await assert.rejects(training, {
      name: "TrainerStuckError",
      message: "the trainer thread did not stop within 0.1 s",
    });
  }, { stopSeconds: 0.1 });
});

Deno.test("startTrainer: ends a thread that never answers", async () => {
  let worker: Worker | undefined;
  await assert.rejects(
    startTrainer({
      spawn: () => {
        worker = spawnThread();
        worker.postMessage({ fault: "hang" } satisfies Fault);
        return worker;
      },
      dataset,
      choice: "cpu",
      avoid: [],
      files: {},
      startSeconds: 0.1,
    }, never),
    { name: "TrainerStuckError", message: /did not start within 0.1 s/ },
  );
});

Deno.test("startTrainer: an unavailable backend is a CannotTrainError", async () => {
  await assert.rejects(withTrainer(async () => {}, { choice: "simd" }), {
    name: "CannotTrainError",
    message: /backend simd is not available here: use auto or one of .*cpu/,
  });
});

Deno.test("startTrainer: aborted while starting, rejects with the signal's reason", async () => {
  const leaving = new AbortController();
  const starting = startTrainer({
    spawn: spawnThread,
    dataset,
    choice: "cpu",
    avoid: [],
    files: {},
  }, leaving.signal);
  leaving.abort(new Error("the user left"));
  await assert.rejects(starting, { message: "the user left" });
});
