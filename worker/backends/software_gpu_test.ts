import assert from "node:assert/strict";
import { adapterName, isSoftwareName } from "./software_gpu.ts";

const info = {
  vendor: "",
  architecture: "",
  device: "",
  description: "",
  isFallbackAdapter: false,
  subgroupMinSize: 4,
  subgroupMaxSize: 128,
};

Deno.test("isSoftwareName recognizes software renderers", () => {
  // Names as Chromium, Mesa, Windows and macOS write them.
  for (
    const name of [
      "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)",
      "google swiftshader",
      "llvmpipe (LLVM 15.0.6, 256 bits)",
      "Mesa/X.org, softpipe",
      "ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11 vs_5_0 ps_5_0)",
      "Apple Software Renderer",
    ]
  ) assert.ok(isSoftwareName(name), name);
});

Deno.test("isSoftwareName is false for real GPUs", () => {
  for (
    const name of [
      "",
      "ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11 vs_5_0 ps_5_0)",
      "ANGLE (Apple, ANGLE Metal Renderer: Apple M2, Unspecified Version)",
      "Mali-G78",
      "Adreno (TM) 650",
      "Mesa Intel(R) UHD Graphics 620 (KBL GT2)",
      "AMD Radeon Pro WX 7100",
    ]
  ) assert.ok(!isSoftwareName(name), name);
});

Deno.test("adapterName is the adapter's description, else its vendor", () => {
  assert.equal(adapterName({ ...info, description: "Apple M2" }), "Apple M2");
  assert.equal(
    adapterName({ ...info, vendor: "intel", architecture: "gen-12lp" }),
    "intel gen-12lp",
  );
  assert.equal(adapterName(info), "WebGPU");
});
