import assert from "node:assert/strict";
import { BackendName, backends } from "../../protocol/training.ts";
import { dropoutMask } from "../../worker/random/draws.ts";
import { kernelChecks } from "../../testing/kernels/conformance.ts";
import { bundle } from "./bundle.ts";
import type { Page } from "./chromium.ts";
import type { Answer } from "./kernels_thread.ts";
import { maskAttrs, maskShape } from "./masks.ts";
import { startTestCoordinator } from "./test_coordinator.ts";
import { visitors } from "./visit.ts";

const { visit, test } = visitors({ gpu: true });

let bundled: Promise<string> | undefined;
const script = () =>
  bundled ??= bundle(new URL("./kernels_thread.ts", import.meta.url));

/** What the thread says of a backend, arrays as plain ones. */
type Found = Omit<Answer, "masked"> & { readonly masked: number[] };

function ask(
  page: Page,
  request: { choice: string; checks: boolean },
): Promise<Found | string> {
  return page.evaluate((request) => {
    const address = (name: string) =>
      new URL(
        document.querySelector<HTMLMetaElement>(`meta[name="asset:${name}"]`)
          ?.content ?? "",
        location.href,
      ).href;
    const worker = new Worker("/kernels.js", { type: "module" });
    return new Promise<Found | string>((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }: MessageEvent<Answer | string>) => {
        worker.terminate();
        resolve(
          typeof data === "string"
            ? data
            : { ...data, masked: [...data.masked] },
        );
      };
      const files = {
        simdFolder: address("simd"),
        wasmFolder: address("wasm"),
      };
      worker.postMessage({ ...request, files });
    });
  }, request);
}

for (const backend of BackendName.options) {
  // The others' are JavaScript and tfjs's, the same as in Deno.
  const checks = ["simd", "webgl", "webgpu"].includes(backend);
  const { gpu } = backends[backend];
  const what = checks ? "kernels compute what they should, and " : "";
  const more = gpu ? ", and a GPU that fails is noticed" : "";
  test(`${backend} in a browser: ${what}masks are the generator's, to the bit${more}`, async () => {
    const { key, position, rate } = maskAttrs;
    const [rows, columns] = maskShape;
    const swarm = await startTestCoordinator({
      points: [[0, 0]],
      scripts: { "/kernels.js": await script() },
    });
    try {
      await visit(`${swarm.origin}/join`, {}, async ({ page }) => {
        const found = await ask(page, { choice: backend, checks });
        assert.ok(typeof found !== "string", `${found}`);
        assert.equal(found.backend, backend);
        assert.deepEqual(
          Float32Array.from(found.masked),
          dropoutMask(key, position, rate, rows * columns),
        );
        assert.deepEqual(found.failed, []);
        assert.equal(found.passed, checks ? kernelChecks().length : 0);
        assert.equal(found.faults.length, gpu ? 2 : 0);
        if (!gpu) return;
        const [failed = "", lost = ""] = found.faults;
        assert.match(failed, new RegExp(`^DeviceError: ${backend} c`));
        assert.match(
          lost,
          new RegExp(`^DeviceError: the device of ${backend} was lost`),
        );
      });
    } finally {
      await swarm.close();
    }
  });
}
