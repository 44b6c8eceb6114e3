import type { SimdBackend } from "../../worker/backends/simd/simd_backend.ts";
import type { KernelExports } from "../../worker/backends/simd/loader.ts";
import { median } from "../../coordinator/analysis/statistics/statistics.ts";
import type { Profile } from "./requests.ts";

/**
 * Where the time of a step goes: every kernel function is wrapped with a clock
 * while `step` runs. The rest is JavaScript: tfjs, and gathering batches.
 *
 * @param prepare runs before each step, without being counted
 */
export function profileSteps(
  backend: SimdBackend,
  count: number,
  prepare: () => void,
  step: () => number,
): Profile {
  const call: KernelExports = backend.kernels.call;
  const original = { ...call };
  const spent = new Map<string, number>();
  let operations = 0;
  let done = 0;

  const multiply = (...args: Parameters<KernelExports["multiply"]>) => {
    const [, , transposed, , , right, , , , rows, depth, columns] = args;
    original.takeSteps();
    const name = `${rows} x ${depth}${transposed ? "'" : ""} by ` +
      `${depth} x ${columns}${right ? "'" : ""}`;
    timed(`product ${name}`, () => original.multiply(...args));
    // A step multiplies two rows' factors with a row of the panel.
    operations += 4 * columns * original.takeSteps();
  };
  const timed = <T>(name: string, run: () => T): T => {
    const start = performance.now();
    const result = run();
    spent.set(name, (spent.get(name) ?? 0) + performance.now() - start);
    return result;
  };
  const wrapped = Object.fromEntries(
    Object.entries(original).map(([name, run]) => [
      name,
      typeof run !== "function"
        ? run
        : (...args: number[]): unknown =>
          timed(name, () => Reflect.apply(run, undefined, args)),
    ]),
  );
  const steps: number[] = [];
  const samples = new Map<string, number[]>();
  try {
    Object.assign(call, wrapped, { multiply });
    for (let i = 0; i < count; i++) {
      prepare();
      spent.clear();
      operations = 0;
      const milliseconds = step();
      steps.push(milliseconds);
      done += operations;
      const inside = [...spent.values()].reduce((sum, time) => sum + time, 0);
      spent.set("JavaScript", milliseconds - inside);
      for (const [name, time] of spent) {
        const all = samples.get(name);
        if (all === undefined) samples.set(name, [time]);
        else all.push(time);
      }
    }
  } finally {
    Object.assign(call, original);
  }
  // A step chooses one way or another for a product, depending on its zeros. It
  // spent no time on a way that it did not choose.
  const kernels = [...samples].map(([name, times]) => {
    const unused = new Array<number>(count - times.length).fill(0);
    return [name, median([...times, ...unused])] as const;
  }).filter(([, time]) => time > 0);
  return {
    step: median(steps),
    kernels: kernels.toSorted(([, a], [, b]) => b - a),
    operations: done / count,
  };
}
