import assert from "node:assert/strict";
import { buildKernels, kernelFile } from "./build.ts";
import { detectSimd, instantiateKernels, loadKernels } from "./loader.ts";

Deno.test("detectSimd: names a build whose module the engine accepts", async () => {
  const variant = detectSimd();
  // Deno's engine has had relaxed SIMD since V8 11.4.
  assert.equal(variant, "relaxed");
  assert(WebAssembly.validate(await kernelFile(variant)));
  assert(WebAssembly.validate(await kernelFile("plain")));
});

Deno.test("loadKernels: fetches the build for this engine from a folder", async () => {
  const folder = await buildKernels();
  const code = await loadKernels(folder.href);
  assert(code !== null);
  assert.equal(code.variant, "relaxed");
  const { call } = await instantiateKernels(code);
  // 0.5 * 1 + 0.5 keeps what starts at 1 where it is and moves 0 to 9 there.
  assert(Math.abs(call.multiplyAdds(60, 0.5, 0.5) - 10) < 1e-6);
});

Deno.test("instantiateKernels: another module is refused with what to do", async () => {
  const empty = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  await assert.rejects(
    instantiateKernels({ bytes: empty, variant: "plain" }),
    /not the module expected; build it again/,
  );
});
