import type { BackendName } from "../../protocol/training.ts";

/**
 * GPUs in name only: programs that stand in for one and compute on the
 * processor, far slower than the backends made for that. Trying one takes
 * most of a minute, and its answer is known.
 */

/** Names of such programs, as drivers and browsers spell them. */
const NAMES =
  /swiftshader|llvmpipe|lavapipe|softpipe|swrast|software|basic render|\bwarp\b/i;

/** Whether a renderer calls itself by the name of such a program. */
export function isSoftwareName(name: string): boolean {
  return NAMES.test(name);
}

/**
 * @param backend one that computes on a GPU
 * @returns what stands in for a GPU where there is none; null where there is
 * one, or where nothing is said of it
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
  // As tfjs asks for it: a device may have several.
  const adapter = await navigator.gpu?.requestAdapter({
    powerPreference: "high-performance",
  });
  if (!adapter) return null;
  const name = adapterName(adapter.info);
  return adapter.info.isFallbackAdapter ? name : softwareName(name);
}

/** What an adapter says of itself. */
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

/** The renderer's name; empty where the browser keeps it to itself. */
function webGlRenderer(): string {
  if (typeof OffscreenCanvas !== "function") return "";
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (gl === null) return "";
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name: unknown = gl.getParameter(
    info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL,
  );
  // A page may have few contexts at once.
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return typeof name === "string" ? name : "";
}
