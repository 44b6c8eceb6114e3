import type {
  ProfileAt,
  StepTimes,
  ThreadTimes,
  TrialTimes,
} from "./measure.ts";
import { tableOf } from "../table.ts";
import type { Rates } from "./requests.ts";

/** Everything measured; what `--json` prints. */
export interface Report {
  readonly steps: readonly StepTimes[];
  readonly profile: readonly ProfileAt[];
  readonly threads: ThreadTimes;
  /** One epoch of the lesson's loop, without its test; null if skipped. */
  readonly loaderEpochMilliseconds: number | null;
  readonly trials: readonly TrialTimes[] | null;
  /** OpenBLAS's name for PyTorch's kernels; null: its own choice, or none. */
  readonly blasKernels: string | null;
  readonly skipped: readonly string[];
}

/** Operations of a step's products if no zero were skipped. */
const DENSE_OPERATIONS = 2 * 256 *
  (2 * 784 * 256 + 3 * 256 * 256 + 3 * 256 * 10);
const STEPS_IN_EPOCH = 235;

export function printReport(report: Report): void {
  printSteps(
    "ms a step: median (its ratio to the first's, by round)",
    report.steps,
    ({ median, ratio }) => `${median.toFixed(2)} (${ratio.toFixed(2)})`,
  );
  printSteps(
    "ms a step: fastest tenth, the least disturbed",
    report.steps,
    ({ tenth }) => tenth.toFixed(2),
  );
  printProfiles(report.profile);
  printThreads(report);
  if (report.trials !== null) printTrials(report.trials);
  if (report.blasKernels !== null) {
    console.log(`PyTorch ran with OPENBLAS_CORETYPE=${report.blasKernels}`);
  }
  for (const line of report.skipped) console.log(line);
}

function printSteps(
  title: string,
  steps: readonly StepTimes[],
  show: (times: StepTimes) => string,
): void {
  const rates = [...new Set(steps.map((step) => text(step.rates)))];
  const table = tableOf(
    title,
    ...rates.map((rate) => `rates ${rate}`),
  );
  for (const name of new Set(steps.map(({ contender }) => contender))) {
    table.push([
      name,
      ...rates.map((rate) => {
        const found = steps.find((step) =>
          step.contender === name && text(step.rates) === rate
        );
        return found === undefined ? "" : show(found);
      }),
    ]);
  }
  console.log(`${table}\n`);
}

function printProfiles(profiles: readonly ProfileAt[]): void {
  const names = [
    ...new Set(
      profiles.flatMap(({ kernels }) => kernels.map(([name]) => name)),
    ),
  ];
  const table = tableOf(
    "where a step's ms go, simd relaxed",
    ...profiles.map(({ rates }) => `rates ${text(rates)}`),
  );
  for (const name of names) {
    table.push([
      name,
      ...profiles.map(({ kernels }) => {
        const [, time] = kernels.find(([other]) => other === name) ?? [];
        return time === undefined ? "" : time.toFixed(3);
      }),
    ]);
  }
  const sum = ({ kernels }: ProfileAt) =>
    kernels.filter(([name]) => name.startsWith("product"))
      .reduce((total, [, time]) => total + time, 0);
  table.push(
    ["whole step, with the clocks", ...profiles.map((p) => p.step.toFixed(3))],
    [
      "products' GFLOP/s, zeros skipped",
      ...profiles.map((p) => (p.operations / sum(p) / 1e6).toFixed(1)),
    ],
    [
      "products' GFLOP/s, zeros counted",
      ...profiles.map((p) => (DENSE_OPERATIONS / sum(p) / 1e6).toFixed(1)),
    ],
    [
      "peak of multiply-adds, GFLOP/s",
      ...profiles.map((p) => p.peak.toFixed(1)),
    ],
  );
  console.log(`${table}\n`);
}

function printThreads(
  { threads, loaderEpochMilliseconds }: Report,
): void {
  const { one, two, ratio } = threads;
  console.log(
    `two threads: ${two.toFixed(0)} steps a second, one: ${one.toFixed(0)}; ` +
      `ratio ${ratio.toFixed(2)}`,
  );
  if (loaderEpochMilliseconds === null) return;
  const mine = STEPS_IN_EPOCH / two * 1000;
  console.log(
    `an epoch on the whole machine: the seed's PyTorch loop ` +
      `${(loaderEpochMilliseconds / 1000).toFixed(2)} s, ours ` +
      `${(mine / 1000).toFixed(2)} s (two trials in twice that); ratio ` +
      `${(loaderEpochMilliseconds / mine).toFixed(1)}`,
  );
}

function printTrials(trials: readonly TrialTimes[]): void {
  const table = tableOf(
    `trial of ${trials[0]?.epochs} epochs: s, ours / PyTorch's`,
    "training and test",
    "ratio",
    "also without dropout",
    "ratio",
  );
  const ratios: [number, number][] = [];
  for (const { rates, ours, pytorch } of trials) {
    const mine = (ours.train + ours.test) / 1000;
    const theirs = (pytorch.train + pytorch.test) / 1000;
    const mineAll = mine + ours.trainOff / 1000;
    const theirsAll = theirs + pytorch.trainOff / 1000;
    ratios.push([mine / theirs, mineAll / theirsAll]);
    table.push([
      `rates ${text(rates)}`,
      `${mine.toFixed(2)} / ${theirs.toFixed(2)}`,
      (mine / theirs).toFixed(3),
      `${mineAll.toFixed(2)} / ${theirsAll.toFixed(2)}`,
      (mineAll / theirsAll).toFixed(3),
    ]);
  }
  const mean = (i: 0 | 1) =>
    (ratios.reduce((sum, ratio) => sum + ratio[i], 0) / ratios.length)
      .toFixed(3);
  table.push(["mean", "", mean(0), "", mean(1)]);
  console.log(`${table}\n`);
}

function text([dropout1, dropout2]: Rates): string {
  return `${dropout1}, ${dropout2}`;
}
