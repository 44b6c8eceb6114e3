import assert from "node:assert/strict";
import type { BackendName } from "../../protocol/training.ts";
import { type BackendCandidate, selectBackend } from "./select.ts";

/** A backend that takes so many milliseconds a step, or fails with a reason. */
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

Deno.test("selectBackend: auto keeps the fastest, makes it current and shows all figures", async () => {
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

Deno.test("selectBackend: auto gives up on a backend far slower than the best so far", async () => {
  const { select, looks } = machine({ simd: 5, webgpu: 100, wasm: 25 });
  await select("auto");
  assert.deepEqual(looks, [Infinity, 15, 15]);
});

Deno.test("selectBackend: auto says why a backend is not usable, and takes another", async () => {
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

Deno.test("selectBackend: auto passes over backends that failed, unless nothing else is left", async () => {
  const plans = { webgpu: 2, simd: 5 };
  assert.equal(
    (await machine(plans).select("auto", ["webgpu"])).backend,
    "simd",
  );
  const all = await machine(plans).select("auto", ["webgpu", "simd"]);
  assert.equal(all.backend, "webgpu");
});

Deno.test("selectBackend: auto does not even start what has no GPU but a stand-in", async () => {
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

Deno.test("selectBackend: a named backend is taken though a stand-in computes for it", async () => {
  const { select } = machine({ webgpu: 900 }, { webgpu: "llvmpipe" });
  assert.equal((await select("webgpu")).backend, "webgpu");
});

Deno.test("selectBackend: no usable backend is an error with every reason", async () => {
  const { select } = machine({
    webgpu: { fails: "no adapter" },
    wasm: { fails: "no such file" },
  });
  await assert.rejects(select("auto"), {
    name: "BackendError",
    message:
      "no backend can be used here: webgpu: no adapter; wasm: no such file",
  });
});

Deno.test("selectBackend: a named backend is taken however slow, and no other is tried", async () => {
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
      "auto takes one that can",
  });
  await assert.rejects(select("webgl"), {
    message: "backend webgl is not to be had here: " +
      "take auto, or one of simd, webgpu",
  });
});
