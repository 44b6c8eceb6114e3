import { parseArgs } from "node:util";
import { messageOf } from "../protocol/error_text.ts";
import { loadFashionMnist } from "../tests/golden/fashion_mnist.ts";
import type { Dataset } from "../worker/data/dataset.ts";
import { wholeNumber } from "./flags.ts";
import { chromiumContender } from "./step/chromium.ts";
import {
  measureProfile,
  measureSteps,
  measureThreads,
  measureTrials,
  SEED_POINTS,
  STEP_RATES,
} from "./step/measure.ts";
import {
  findPython,
  HOW_TO_INSTALL,
  pytorchContender,
  type TunedPython,
  tunePython,
  writeRawFiles,
} from "./step/pytorch.ts";
import { printReport, type Report } from "./step/report.ts";
import type { Contender } from "./step/requests.ts";
import { type ThreadBackend, threadContender } from "./step/thread.ts";

const USAGE = `Usage: deno task bench step [flags]

Measures a training step of the network (784-256-256-10, batch 256) on the
backend simd, tfjs's backends and PyTorch, in turns of a fraction of a second, so
that other load on the machine affects all of them alike. Compare the ratios;
absolute times drift.

  --quick          fewer rounds, three of the seed's points, one epoch each
  --epochs N       epochs of each of the trials compared (default: 10)
  --rounds N       rounds of the steps compared (default: 12)
  --no-trials      leave the trials out
  --no-browser     leave Chromium out
  --json           print the figures as JSON`;

/** Measures and prints; prints a line for each part that cannot run here. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      epochs: { type: "string" },
      rounds: { type: "string" },
      "no-trials": { type: "boolean", default: false },
      "no-browser": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const quick = values.quick;
  const epochs = wholeNumber("epochs", values.epochs ?? (quick ? "1" : "10"));
  const rounds = wholeNumber("rounds", values.rounds ?? (quick ? "4" : "12"));

  const dataset = await loadFashionMnist(true);
  const folder = await Deno.makeTempDir({ prefix: "dropout-swarm-bench-" });
  const contenders = new Contenders(dataset, folder);
  try {
    const report = await measure(contenders, {
      epochs: values["no-trials"] ? 0 : epochs,
      rounds,
      quick,
      browser: !values["no-browser"],
    });
    if (values.json) console.log(JSON.stringify(report, null, 2));
    else printReport(report);
  } finally {
    await contenders.close();
    await Deno.remove(folder, { recursive: true });
  }
}

interface Options {
  readonly epochs: number;
  readonly rounds: number;
  readonly quick: boolean;
  readonly browser: boolean;
}

async function measure(
  contenders: Contenders,
  { epochs, rounds, quick, browser }: Options,
): Promise<Report> {
  const relaxed = await contenders.thread("simd, relaxed SIMD", "relaxed");
  const plain = await contenders.thread("simd, plain SIMD", "plain");
  const stock = await contenders.thread("tfjs wasm, tf.layers", "stock wasm");
  const wasm = await contenders.thread("tfjs wasm, our network", "wasm");
  const cpu = await contenders.thread("tfjs cpu, our network", "cpu");
  const chromium = browser ? await contenders.chromium() : null;
  const python = await contenders.python();
  const pytorch = python === null
    ? null
    : await contenders.pytorch(python, false);

  say("steps");
  const sides = [relaxed, plain, chromium, stock, wasm, cpu, pytorch];
  const steps = await measureSteps(
    sides.filter((side) => side !== null),
    STEP_RATES,
    rounds,
  );
  say("profile");
  const profile = await measureProfile(relaxed, STEP_RATES);

  say("two threads");
  const second = await contenders.thread("second thread", "relaxed");
  const threads = await measureThreads(relaxed, second, quick ? 4 : 10);

  let loader: number | null = null;
  if (python !== null) {
    say("the seed's loop");
    const seed = await contenders.pytorch(python, true);
    await seed.begin([0.2, 0.5]);
    loader = (await seed.epoch()).train;
  }
  let trials: Report["trials"] = null;
  if (epochs > 0 && pytorch !== null) {
    say("trials");
    const points = quick ? SEED_POINTS.slice(0, 3) : SEED_POINTS;
    trials = await measureTrials(relaxed, pytorch, points, epochs);
  }
  return {
    steps,
    profile,
    threads,
    loaderEpochMilliseconds: loader,
    trials,
    blasKernels: python?.kernels ?? null,
    skipped: contenders.skipped,
  };
}

/** Running contenders, to be closed at the end. */
class Contenders {
  readonly #dataset: Dataset;
  readonly #folder: string;
  readonly #running: Contender[] = [];
  #files: Promise<string[]> | undefined;
  readonly skipped: string[] = [];

  constructor(dataset: Dataset, folder: string) {
    this.#dataset = dataset;
    this.#folder = folder;
  }

  skip(name: string, why: string): void {
    this.skipped.push(`${name}: skipped: ${why}`);
    say(`${name} skipped: ${why}`);
  }

  async thread(
    name: string,
    backend: ThreadBackend,
  ): Promise<Contender> {
    return this.#keep(await threadContender(name, backend, this.#dataset));
  }

  /** Null, with a message, if there is no PyTorch. */
  async python(): Promise<TunedPython | null> {
    const python = await findPython();
    if (python === null) {
      this.skip("PyTorch", HOW_TO_INSTALL);
      return null;
    }
    const tuned = await tunePython(python, await this.#rawFiles());
    say(`PyTorch is fastest with ${tuned.kernels ?? "OpenBLAS's own choice"}`);
    return tuned;
  }

  async pytorch(python: TunedPython, loader: boolean): Promise<Contender> {
    const name = loader ? "the seed's PyTorch loop" : "PyTorch, one thread";
    const files = await this.#rawFiles();
    return this.#keep(await pytorchContender(name, python, files, loader));
  }

  async chromium(): Promise<Contender | null> {
    const name = "simd, in Chromium";
    await this.#rawFiles();
    try {
      return this.#keep(await chromiumContender(name, this.#folder));
    } catch (error) {
      this.skip(name, messageOf(error));
      return null;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((contender) => contender.close()));
  }

  #rawFiles(): Promise<string[]> {
    this.#files ??= writeRawFiles(this.#folder, this.#dataset);
    return this.#files;
  }

  #keep(contender: Contender): Contender {
    this.#running.push(contender);
    return contender;
  }
}

function say(line: string): void {
  console.error(`bench step: ${line} ...`);
}
