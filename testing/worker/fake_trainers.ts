import { Sha256 } from "../../protocol/ids.ts";
import type { EpochMetrics } from "../../protocol/training.ts";
import type {
  StartTrainer,
  Trainer,
} from "../../worker/session/session_types.ts";
import { epochMetrics } from "./fixtures.ts";
import type { SessionClock } from "../../worker/session/session_types.ts";

/** Bytes of a fake network's weights. */
export const FAKE_WEIGHTS = 16;

/** Milliseconds to read the final weights after the last epoch. */
const READING = 1;

/** Behaviour of a fake trainer. */
export type TrainerPlan = "train" | "die" | "hang";

export interface FakeTrainers {
  readonly start: StartTrainer;
  readonly started: Parameters<StartTrainer>[0][];
  /** Trainers that are not closed yet. */
  readonly open: Set<Trainer>;
}

/**
 * Trainers that need `epochSeconds` of fake time for an epoch. `plan` decides
 * the behaviour of the n-th training, from 0.
 */
export function fakeTrainers(
  clock: SessionClock,
  epochSeconds = 60,
  plan: (training: number) => TrainerPlan = () => "train",
): FakeTrainers {
  const started: Parameters<StartTrainer>[0][] = [];
  const open = new Set<Trainer>();
  let trainings = 0;
  const start: StartTrainer = (request) => {
    started.push({ ...request, failedBackends: [...request.failedBackends] });
    const trainer: Trainer = {
      report: {
        backend: "simd",
        backendDetail: "fake",
        stepMilliseconds: 5,
        measurements: [],
      },
      async train(spec, { onEpoch, onProgress }, signal) {
        const begin = clock.now;
        const todo = plan(trainings++);
        const epochs: EpochMetrics[] = [];
        for (let epoch = 1; epoch <= spec.recipe.epochs; epoch++) {
          onProgress({ epoch, step: 1, steps: 2 });
          try {
            const seconds = todo === "hang" ? 1e9 : epochSeconds;
            await clock.sleep(seconds * 1000, signal);
          } catch {
            return null;
          }
          if (todo === "die") throw new Error("the trainer thread died");
          const metrics = epochMetrics(epoch);
          epochs.push(metrics);
          onEpoch(metrics);
        }
        try {
          await clock.sleep(READING, signal);
        } catch {
          return null;
        }
        return {
          result: {
            outcome: "trained",
            epochs,
            backend: "simd",
            seconds: (clock.now - begin) / 1000,
            checks: {
              trainLoss: true,
              trainAccuracy: true,
              testAccuracy: true,
            },
          },
          weights: {
            bytes: new ArrayBuffer(FAKE_WEIGHTS),
            sha256: Sha256.parse("0".repeat(64)),
          },
        };
      },
      close: () => {
        open.delete(trainer);
      },
    };
    open.add(trainer);
    return Promise.resolve(trainer);
  };
  return { start, started, open };
}
