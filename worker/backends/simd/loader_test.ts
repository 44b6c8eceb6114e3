import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { buildKernels, kernelFile } from "./build.ts";
import { detectSimd, instantiateKernels, loadKernels } from "./loader.ts";
import { needsProcesses } from "../../../testing/needs_processes.ts";

Deno.test("detectSimd: names a build whose module the engine accepts", async () => {
  const variant = detectSimd();
  // Deno's engine has had relaxed SIMD since V8 11.4.
  assert.equal(variant, "relaxed");
  assert(WebAssembly.validate(await kernelFile(variant)));
  assert(WebAssembly.validate(await kernelFile("plain")));
});

/** The backend that `auto` chooses without a GPU, in a separate process. */
const choose = `
  import { backendCandidates } from "./worker/backends/select.ts";
  import { selectBackend } from "./worker/backends/select.ts";
  import { buildKernels } from "./worker/backends/simd/build.ts";
  import { wasmFilesFolder } from "./worker/backends/wasm_files.ts";
  import { exampleData } from "./worker/training/example_data.ts";

  const candidates = backendCandidates({
    dataset: exampleData({ classes: 10, size: 784, train: 512, test: 1 }),
    files: {
      simdFolder: (await buildKernels()).href,
      wasmFolder: wasmFilesFolder(),
    },
    now: () => performance.now(),
  }).filter(({ softwareGpu }) => softwareGpu === undefined);
  const report = await selectBackend({
    choice: "auto",
    avoid: [],
    candidates,
    onMeasuring: () => {},
  });
  console.log(JSON.stringify(report));
  Deno.exit(0);
`;

Deno.test({
  name: "an engine without WebAssembly SIMD trains on stock tfjs and says why",
  // V8's SIMD needs SSE4.1, which can be disabled only on x86-64.
  ignore: needsProcesses.ignore || Deno.build.arch !== "x86_64",
  fn: async () => {
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: ["eval", "--ext=ts", "--v8-flags=--no-enable-sse4-1", choose],
        cwd: fileURLToPath(new URL("../../../", import.meta.url)),
      },
    ).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert(success, text(stderr));
    const { backend, measurements } = JSON.parse(
      text(stdout).trim().split("\n").at(-1) ?? "",
    );
    assert.equal(backend, "wasm");
    assert.deepEqual(measurements[0], {
      backend: "simd",
      stepMilliseconds: null,
      unused: "failed",
      detail: "this engine has no WebAssembly SIMD",
    });
  },
});

Deno.test("loadKernels: fetches the build for this engine from a folder", async () => {
  const folder = await buildKernels();
  const code = await loadKernels(folder.href);
  assert(code !== null);
  assert.equal(code.variant, "relaxed");
  const { call } = await instantiateKernels(code);
  // With 0.5 * x + 0.5, 1 stays 1.
  assert(Math.abs(call.multiplyAdds(60, 0.5, 0.5) - 10) < 1e-6);
});

Deno.test("instantiateKernels: refuses another module and says what to do", async () => {
  const empty = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  await assert.rejects(
    instantiateKernels({ bytes: empty, variant: "plain" }),
    /not the expected module; build it again/,
  );
});
