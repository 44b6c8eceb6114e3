import * as tf from "@tensorflow/tfjs";
import { dataChecks } from "./data.ts";
import { layerChecks } from "./layers.ts";
import { lossChecks } from "./loss.ts";
import { assert } from "./world.ts";

/** One check that the kernels of any backend must pass. */
export interface KernelCheck {
  readonly what: string;
  /** Runs on the current backend. @throws Error if it fails */
  run(): Promise<void>;
}

/**
 * Checks for the kernels of any backend: `kernels.ts` as plain loops in
 * float64, compared with the backend's results. Uses no Deno APIs, because
 * browsers run it too.
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
      // Resources of a GPU or a wasm module outlive the test.
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
