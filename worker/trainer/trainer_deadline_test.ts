import assert from "node:assert/strict";
import { Recipe } from "../../protocol/study.ts";
import { longestStep, type Repeat, startDeadline } from "./trainer.ts";

/** Timers that a test advances. */
function ticking() {
  let timers: { action: () => void; milliseconds: number }[] = [];
  const repeat: Repeat = (action, milliseconds) => {
    const timer = { action, milliseconds };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };
  return {
    repeat,
    tick: (times: number) => {
      for (let i = 0; i < times; i++) timers.forEach(({ action }) => action());
    },
    intervals: () => timers.map(({ milliseconds }) => milliseconds),
  };
}

/** Whether the promise has been rejected by now. */
async function isOver(passed: Promise<never>): Promise<boolean> {
  return await Promise.race([
    passed.catch(() => true),
    new Promise<boolean>((resolve) => queueMicrotask(() => resolve(false))),
  ]);
}

Deno.test("startDeadline: rejects after its parts have passed, and stops its timer", async () => {
  const { repeat, tick, intervals } = ticking();
  const { passed } = startDeadline(60, () => new Error("too late"), repeat);
  assert.deepEqual(intervals(), [6000]);
  tick(9);
  assert.equal(await isOver(passed), false);
  tick(1);
  await assert.rejects(passed, { message: "too late" });
  assert.deepEqual(intervals(), []);
});

Deno.test("startDeadline: postpone restarts the time, with another length if given", async () => {
  const { repeat, tick, intervals } = ticking();
  const deadline = startDeadline(60, () => new Error("too late"), repeat);
  tick(9);
  deadline.postpone();
  tick(9);
  assert.equal(await isOver(deadline.passed), false);
  deadline.postpone(5);
  assert.deepEqual(intervals(), [500]);
  tick(10);
  assert.equal(await isOver(deadline.passed), true);
});

Deno.test("startDeadline: never rejects after cancel", async () => {
  const { repeat, tick, intervals } = ticking();
  const deadline = startDeadline(60, () => new Error("too late"), repeat);
  deadline.cancel();
  tick(20);
  assert.deepEqual(intervals(), []);
  assert.equal(await isOver(deadline.passed), false);
});

const fashion = { pixels: 784, classes: 10 };

Deno.test("longestStep: covers a batch of evaluation even if training batches are small", () => {
  const recipe = Recipe.parse({ batchSize: 1 });
  assert.equal(longestStep(recipe, fashion, 256), 1000);
});

Deno.test("longestStep: grows with batch and network", () => {
  const big = Recipe.parse({ batchSize: 65_536, hiddenSizes: [4096, 4096] });
  const seconds = longestStep(big, fashion, 4) / 1000;
  // 256 times the batch; 784·4096 + 4096² + 40960 over 784·256 + 256² + 2560.
  assert.ok(Math.abs(seconds - 4e-3 * 256 * (20029440 / 268800)) < 1e-6);
  const layers = Recipe.parse({ network: "layers" });
  assert.ok(
    longestStep(layers, fashion, 4) > longestStep(Recipe.parse({}), fashion, 4),
  );
});
