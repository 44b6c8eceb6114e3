import * as tf from "@tensorflow/tfjs";
import { dataChecks } from "./data.ts";
import { layerChecks } from "./layers.ts";
import { lossChecks } from "./loss.ts";
import { assert } from "./world.ts";

/** One thing that any backend's kernels must do right. */
export interface KernelCheck {
  readonly what: string;
  /** On the current backend. @throws Error if it does not pass */
  run(): Promise<void>;
}

/**
 * What any backend's kernels must pass: `kernels.ts` in plain loops over
 * float64, compared with what the backend computes. Without anything that only
 * Deno has: browsers run it, too.
 */
export function kernelChecks(): readonly KernelCheck[] {
  const checks: KernelCheck[] = [];
  const check = (what: string, run: () => Promise<void>) => {
    checks.push({ what, run: () => withoutLeak(run) });
  };
  dataChecks(check);
  layerChecks(check);
  lossChecks(check);
  return checks;
}

async function withoutLeak(run: () => Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  tf.engine().startScope();
  try {
    await run();
  } finally {
    tf.engine().endScope();
  }
  const left = tf.memory().numTensors - before;
  assert(left === 0, `tensors leaked: ${left}`);
}

/**
 * Registers the checks as tests of one backend.
 *
 * @param backend its name in tfjs
 * @param ready starts it and registers its kernels; called once, before use
 * @param skip why the backend cannot be tested here
 */
export function kernelConformance(
  backend: string,
  ready: () => Promise<unknown>,
  skip?: string,
): void {
  let started = false;
  for (const { what, run } of kernelChecks()) {
    Deno.test({
      name: `${backend} kernels: ${what}${skip ? ` (skipped: ${skip})` : ""}`,
      ignore: skip !== undefined,
      // A GPU's or wasm module's own work outlives the test that started it.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        if (!started) await ready();
        started = true;
        await tf.setBackend(backend);
        await run();
      },
    });
  }
}
