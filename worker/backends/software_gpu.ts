import type { BackendName } from "../../protocol/training.ts";

/**
 * Detects software renderers: programs that emulate a GPU on the processor and
 * are far slower than the CPU backends. Measuring one would take most of a
 * minute, and the result is known.
 */

/** Names of software renderers, as drivers and browsers write them. */
const NAMES =
  /swiftshader|llvmpipe|lavapipe|softpipe|swrast|software|basic render|\bwarp\b/i;

/** Whether a renderer's name is that of a software renderer. */
export function isSoftwareName(name: string): boolean {
  return NAMES.test(name);
}

/**
 * @param backend one that computes on a GPU
 * @returns the software renderer's name; null if there is a real GPU or the
 * browser does not say
 */
export async function softwareGpu(
  backend: BackendName,
): Promise<string | null> {
  return backend === "webgpu"
    ? await softwareAdapter()
    : softwareName(webGlRenderer());
}

function softwareName(name: string): string | null {
  return isSoftwareName(name) ? name : null;
}

async function softwareAdapter(): Promise<string | null> {
  // The same options as tfjs: a device may have several adapters.
  const adapter = await navigator.gpu?.requestAdapter({
    powerPreference: "high-performance",
  });
  if (!adapter) return null;
  const name = adapterName(adapter.info);
  return adapter.info.isFallbackAdapter ? name : softwareName(name);
}

/** An adapter's description of itself. */
export function adapterName(
  { vendor, architecture, description }: Pick<
    GPUAdapterInfo,
    "vendor" | "architecture" | "description"
  >,
): string {
  return description ||
    [vendor, architecture].filter((word) => word !== "").join(" ") ||
    "WebGPU";
}

/** The renderer's name; empty if the browser does not reveal it. */
function webGlRenderer(): string {
  if (typeof OffscreenCanvas !== "function") return "";
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (gl === null) return "";
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(
    info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL,
  );
  // Released at once, because a page may have only a few contexts.
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return typeof name === "string" ? name : "";
}
