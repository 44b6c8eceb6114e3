import "./not_wsl.ts";
import { existsSync } from "node:fs";
import { packagedProgram } from "../programs.ts";
import { type Browser, chromium } from "npm:playwright-core@1.65.1";

export type {
  Browser,
  BrowserContext,
  Page,
  Request,
} from "npm:playwright-core@1.65.1";

/** The headless shell first: the same engine for half the processor time. */
const installed = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A software GPU, so that WebGL and WebGPU work on any machine. */
const gpuFlags = [
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--disable-gpu-compositing",
];

/** A name for this machine under which a page is no secure context. */
export const PLAIN_HOST = "swarm.test";

/**
 * Starts a headless Chromium: the one named by `CHROMIUM`, else one that is
 * installed, else the one inside the npm package `@sparticuz/chromium`.
 *
 * @param gpu Whether pages find WebGL and WebGPU, by a program that also paints
 *   them, much more slowly than without
 */
export async function launchChromium(gpu = true): Promise<Browser> {
  const executablePath = Deno.env.get("CHROMIUM") ||
    (installed.find((path) => existsSync(path)) ?? await packagedChromium());
  return await chromium.launch({
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-dev-shm-usage"],
      `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`,
      ...(gpu ? gpuFlags : ["--disable-gpu"]),
    ],
  });
}

async function packagedChromium(): Promise<string> {
  return await packagedProgram(
    "@sparticuz/chromium@153.0.0",
    "it.default.executablePath()",
  );
}
