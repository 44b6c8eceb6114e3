import assert from "node:assert/strict";
import { join } from "node:path";
import { TrialSpec } from "../../protocol/study.ts";
import { tinyDataset } from "../../testing/worker/tiny_dataset.ts";
import { createVerifier } from "./verifier.ts";
import { VerifierError } from "./verifier_api.ts";
import { weightsBytes } from "./check_result.ts";

const tiny = tinyDataset();
const spec = TrialSpec.parse({
  trialId: "tiny",
  studyId: "tiny",
  params: { dropout1: 0.2, dropout2: 0.5 },
  replicate: 0,
  seed: 1,
  recipe: {
    dropout1: 0.2,
    dropout2: 0.5,
    hiddenSizes: [16, 16],
    epochs: 5,
    batchSize: 10,
    learningRate: 0.1,
  },
});
/** No timer of these tests ever fires. */
const schedule = () => () => {};

async function withData(use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const part of Object.keys(tiny.gzip) as (keyof typeof tiny.gzip)[]) {
      const { sha256 } = tiny.manifest.files[part];
      await Deno.writeFile(join(folder, `${sha256}.gz`), tiny.gzip[part]);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name:
    "createVerifier: its thread evaluates weights and repeats epochs with equal results each time",
  // The thread's resources are released after the test ends.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withData(async (dataFolder) => {
      const ready: string[] = [];
      const verifier = createVerifier({
        dataset: tiny.manifest,
        dataFolder,
        schedule,
        onReady: ({ backend }) => ready.push(backend),
      });
      try {
        const bytes = weightsBytes(spec.recipe, tiny.manifest);
        assert.equal(bytes, 4 * (785 * 16 + 17 * 16 + 17 * 10));
        // All weights are zero, so all classes are equally likely.
        const zero = await verifier.evaluate(spec, new Uint8Array(bytes));
        assert.ok(Math.abs(zero.testLoss - Math.log(10)) < 1e-6);
        assert.equal(zero.testAccuracy, 0.1);
        const [first, second] = await Promise.all([
          verifier.repeat(spec, 1),
          verifier.repeat(spec, 2),
        ]);
        const figures = ({ epochs }: typeof first) =>
          epochs.map(({ seconds: _, ...rest }) => rest);
        assert.equal(first.outcome, "trained");
        assert.equal(second.epochs.length, 2);
        assert.deepEqual(figures(second).slice(0, 1), figures(first));
        await assert.rejects(
          verifier.evaluate(spec, new Uint8Array(bytes - 4)),
          (error) => error instanceof VerifierError && error.usable,
        );
        // Only that job failed: the next one succeeds.
        assert.deepEqual(
          await verifier.evaluate(spec, new Uint8Array(bytes)),
          zero,
        );
        assert.equal(ready.length, 1, "one thread did all jobs");
      } finally {
        verifier.close();
      }
    }),
});

Deno.test({
  name: "createVerifier: without the data it is unusable and says why",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const dataFolder = await Deno.makeTempDir();
    const verifier = createVerifier({
      dataset: tiny.manifest,
      dataFolder,
      schedule,
    });
    try {
      await assert.rejects(
        verifier.repeat(spec, 1),
        (error) =>
          error instanceof VerifierError && !error.usable &&
          /has no valid file: \/data\//.test(error.message),
      );
    } finally {
      verifier.close();
      await Deno.remove(dataFolder, { recursive: true });
    }
  },
});
