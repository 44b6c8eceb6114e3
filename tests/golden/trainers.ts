import { buildKernels } from "../../worker/backends/simd/build.ts";
import { wasmFilesFolder } from "../../worker/backends/wasm_files.ts";
import type { Dataset } from "../../worker/data/dataset.ts";
import {
  startTrainer,
  type TrainerThread,
} from "../../worker/trainer/trainer.ts";
import type { BackendChoice } from "../../protocol/training.ts";

/** Starts trainer threads on a data set, all on the backend of the first. */
export async function startTrainers(
  dataset: Dataset,
  choice: BackendChoice,
  threads: number,
): Promise<TrainerThread[]> {
  const files = {
    simdFolder: (await buildKernels()).href,
    wasmFolder: wasmFilesFolder(),
  };
  const trainers: TrainerThread[] = [];
  try {
    while (trainers.length < threads) {
      const trainer = await startTrainer({
        spawn: () =>
          new Worker(
            new URL("../../worker/trainer/trainer_thread.ts", import.meta.url),
            { type: "module" },
          ),
        dataset,
        choice: trainers[0]?.report.backend ?? choice,
        avoid: [],
        files,
      }, new AbortController().signal);
      trainers.push(trainer);
    }
    return trainers;
  } catch (error) {
    for (const trainer of trainers) trainer.close();
    throw error;
  }
}
