import assert from "node:assert/strict";
import type { BackendName } from "../../protocol/training.ts";
import { type BackendCandidate, selectBackend } from "./select.ts";

/**
 * A backend with this time per step in milliseconds, or the reason why it
 * fails.
 */
type Plan = number | { readonly fails: string };

function machine(
  plans: Partial<Record<BackendName, Plan>>,
  standIns: Partial<Record<BackendName, string>> = {},
) {
  const trace: string[] = [];
  const looks: number[] = [];
  const candidates = (Object.entries(plans) as [BackendName, Plan][]).map(
    ([backend, plan]): BackendCandidate => ({
      backend,
      start: () => {
        trace.push(`start ${backend}`);
        return typeof plan === "number"
          ? Promise.resolve(`about ${backend}`)
          : Promise.reject(new Error(plan.fails));
      },
      measure: (giveUpAbove) => {
        looks.push(giveUpAbove);
        return Promise.resolve(typeof plan === "number" ? plan : NaN);
      },
      remove: () => trace.push(`remove ${backend}`),
      softwareGpu: () => Promise.resolve(standIns[backend] ?? null),
    }),
  );
  const select = (
    choice: BackendName | "auto",
    avoid: BackendName[] = [],
  ) =>
    selectBackend({
      choice,
      avoid,
      candidates,
      onMeasuring: (backend) => trace.push(`try ${backend}`),
    });
  return { trace, looks, select };
}

Deno.test("selectBackend: auto keeps the fastest, makes it current and returns all measurements", async () => {
  const { select, trace } = machine({ simd: 5, webgpu: 2, wasm: 25, cpu: 240 });
  assert.deepEqual(await select("auto"), {
    backend: "webgpu",
    backendDetail: "about webgpu",
    stepMilliseconds: 2,
    measurements: [
      { backend: "simd", stepMilliseconds: 5, detail: "about simd" },
      { backend: "webgpu", stepMilliseconds: 2, detail: "about webgpu" },
      { backend: "wasm", stepMilliseconds: 25, detail: "about wasm" },
      {
        backend: "cpu",
        stepMilliseconds: null,
        unused: "slower",
        detail: "",
      },
    ],
  });
  assert.deepEqual(trace, [
    ...["try simd", "start simd"],
    ...["try webgpu", "start webgpu", "remove simd"],
    ...["try wasm", "start wasm", "remove wasm"],
    "start webgpu",
  ]);
});

Deno.test("selectBackend: auto measures a backend far slower than the best only once", async () => {
  const { select, looks } = machine({ simd: 5, webgpu: 100, wasm: 25 });
  await select("auto");
  assert.deepEqual(looks, [Infinity, 15, 15]);
});

Deno.test("selectBackend: auto says why a backend is not usable and uses another", async () => {
  const { select } = machine({ webgpu: { fails: "no adapter" }, cpu: 240 });
  const report = await select("auto");
  assert.equal(report.backend, "cpu");
  assert.deepEqual(report.measurements[0], {
    backend: "webgpu",
    stepMilliseconds: null,
    unused: "failed",
    detail: "no adapter",
  });
});

Deno.test("selectBackend: auto skips backends that failed before, unless no other works", async () => {
  const plans = { webgpu: 2, simd: 5 };
  assert.equal(
    (await machine(plans).select("auto", ["webgpu"])).backend,
    "simd",
  );
  const all = await machine(plans).select("auto", ["webgpu", "simd"]);
  assert.equal(all.backend, "webgpu");
});

Deno.test("selectBackend: auto does not start a backend that only has a software renderer", async () => {
  const plans = { webgpu: 2, webgl: 3, wasm: 25 };
  const standIns = { webgpu: "llvmpipe" };
  const { select, trace } = machine(plans, standIns);
  const report = await select("auto");
  assert.equal(report.backend, "webgl");
  assert.deepEqual(report.measurements[0], {
    backend: "webgpu",
    stepMilliseconds: null,
    unused: "software",
    detail: "llvmpipe",
  });
  assert.ok(!trace.includes("start webgpu"));
});

Deno.test("selectBackend: a named backend is used even with a software renderer", async () => {
  const { select } = machine({ webgpu: 900 }, { webgpu: "llvmpipe" });
  assert.equal((await select("webgpu")).backend, "webgpu");
});

Deno.test("selectBackend: an error lists why each backend is unusable", async () => {
  const { select } = machine({
    webgpu: { fails: "no adapter" },
    wasm: { fails: "no such file" },
  });
  await assert.rejects(select("auto"), {
    name: "BackendError",
    message:
      "no backend is usable here: webgpu: no adapter; wasm: no such file",
  });
});

Deno.test("selectBackend: a named backend is used even if it is slow, and no other is tried", async () => {
  const { select, trace } = machine({ simd: 5, cpu: 240 });
  const report = await select("cpu");
  assert.equal(report.backend, "cpu");
  assert.equal(report.measurements.length, 1);
  assert.deepEqual(trace, ["try cpu", "start cpu"]);
});

Deno.test("selectBackend: a named backend that fails is an error, not another backend", async () => {
  const { select } = machine({ simd: 5, webgpu: { fails: "no adapter" } });
  await assert.rejects(select("webgpu"), {
    name: "BackendError",
    message: "backend webgpu cannot be used here: no adapter; " +
      "auto uses one that works",
  });
  await assert.rejects(select("webgl"), {
    message: "backend webgl is not available here: " +
      "use auto or one of simd, webgpu",
  });
});
