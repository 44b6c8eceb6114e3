import { createInterface } from "node:readline";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Dataset } from "../../worker/data/dataset.ts";
import { median } from "../../coordinator/analysis/statistics/statistics.ts";
import { type Contender, contender } from "./requests.ts";

const script = fileURLToPath(new URL("../pytorch_step.py", import.meta.url));

/** What to do without PyTorch. */
export const HOW_TO_INSTALL =
  "no Python that can import torch, torchvision and PIL; on Debian: " +
  "apt-get install python3-torch python3-torchvision libopenblas0-pthread";

/** The first Python with everything that the script needs, or null. */
export async function findPython(): Promise<string | null> {
  for (const python of ["/usr/bin/python3", "python3"]) {
    try {
      const { success } = await new Deno.Command(python, {
        args: ["-c", "import torch, torchvision, PIL, numpy"],
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return python;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** The data set as raw files, for other processes. */
export async function writeRawFiles(
  folder: string,
  { train, test }: Dataset,
): Promise<string[]> {
  const parts = [
    ["train-images", train.images.bytes],
    ["train-labels", train.labels],
    ["test-images", test.images.bytes],
    ["test-labels", test.labels],
  ] as const;
  return await Promise.all(parts.map(async ([name, bytes]) => {
    const path = `${folder}/${name}`;
    await Deno.writeFile(path, new Uint8Array(bytes));
    return path;
  }));
}

/** A Python, with the fastest OpenBLAS kernels on this processor. */
export interface TunedPython {
  readonly python: string;
  /** For `OPENBLAS_CORETYPE`; null: OpenBLAS's own choice. */
  readonly kernels: string | null;
}

/** OpenBLAS's names for processors with AVX2 and AVX-512. */
const KERNELS = [null, "HASWELL", "SKYLAKEX", "ZEN"] as const;

const TUNING_STEPS = 100;

/**
 * Trains briefly with each set of OpenBLAS's kernels. On a processor that it
 * does not know, OpenBLAS uses kernels of the year 2004, which would be an
 * unfair comparison.
 */
export async function tunePython(
  python: string,
  files: readonly string[],
): Promise<TunedPython> {
  let best: TunedPython = { python, kernels: null };
  let fastest = Infinity;
  for (const kernels of KERNELS) {
    const tuned = { python, kernels };
    try {
      const contender = await pytorchContender("tuning", tuned, files);
      await contender.steps([0.2, 0.5], TUNING_STEPS);
      const times = await contender.steps([0.2, 0.5], TUNING_STEPS);
      await contender.close();
      const step = median(times);
      if (step < fastest) [fastest, best] = [step, tuned];
    } catch {
      // Kernels with instructions that this processor lacks end the process.
    }
  }
  return best;
}

/**
 * Starts a Python that has read the data; `loader`: trains as the lesson did.
 */
export async function pytorchContender(
  name: string,
  { python, kernels }: TunedPython,
  files: readonly string[],
  loader = false,
): Promise<Contender> {
  const child = spawn(python, [script, ...(loader ? ["loader"] : [])], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      ...Deno.env.toObject(),
      // Its waiting threads spin and would slow down the next contender.
      OMP_WAIT_POLICY: "PASSIVE",
      ...(kernels === null ? {} : { OPENBLAS_CORETYPE: kernels }),
      ...(loader ? {} : { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" }),
    },
  });
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  const send = async (message: unknown): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    const { done, value } = await lines.next();
    if (done) {
      throw new Error(`bench: Python ended, its errors are above: ${name}`);
    }
    return JSON.parse(value);
  };
  await send(files);
  return contender(name, send, () => {
    child.stdin.end();
    return Promise.resolve();
  });
}
