import { parseArgs } from "node:util";
import { launchChromium, type Page } from "../tests/browser/chromium.ts";
import { bundle } from "../tests/browser/bundle.ts";
import { wholeNumber } from "./flags.ts";
import type { Counted, CountRequest } from "./gpu/thread.ts";
import { tableOf } from "./table.ts";

const USAGE = `Usage: deno task bench gpu [flags]

Counts the GPU calls of a training step of the network (784-256-256-10, batch
256): dispatches or draw calls, bytes uploaded, bytes read back. It counts once
with kernels made of tfjs's own (masks and batches are made in JavaScript), and
once with ours on the device: on WebGPU in Deno, on WebGL and WebGPU in Chromium.
Counts on a software GPU are valid; its times are not.

  --steps N     steps counted after the first (default: 10)
  --json        print the counts as JSON`;

/** One row: a backend in one place, with one set of kernels. */
interface Row extends CountRequest {
  readonly where: "Deno" | "Chromium";
  /** The counts, or why there are none. */
  readonly counted: Counted | string;
}

/** Counts and prints; prints a line for each part that cannot run here. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      steps: { type: "string", default: "10" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const steps = wholeNumber("steps", values.steps);
  const rows = [
    ...await inDeno(steps),
    ...await inChromium(steps),
  ];
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  else print(rows);
}

const KERNELS = ["portable", "device"] as const;

async function inDeno(steps: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kernels of KERNELS) {
    const request = { backend: "webgpu", kernels, steps } as const;
    const counted = await askThread(request).catch(String);
    rows.push({ where: "Deno", ...request, counted });
  }
  return rows;
}

/** Each count needs its own thread, because kernels cannot be unregistered. */
async function askThread(request: CountRequest): Promise<Counted | string> {
  const thread = new Worker(new URL("./gpu/thread.ts", import.meta.url), {
    type: "module",
  });
  try {
    return await new Promise((resolve, reject) => {
      thread.onmessage = ({ data }) => resolve(data);
      thread.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      thread.postMessage(request);
    });
  } finally {
    thread.terminate();
  }
}

async function inChromium(steps: number): Promise<Row[]> {
  const script = await bundle(new URL("./gpu/thread.ts", import.meta.url));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ url }) =>
      new URL(url).pathname === "/thread.js"
        ? new Response(script, {
          headers: { "content-type": "text/javascript" },
        })
        : new Response("<!doctype html><title>bench</title>", {
          headers: { "content-type": "text/html" },
        }),
  );
  const rows: Row[] = [];
  try {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      for (const backend of ["webgl", "webgpu"] as const) {
        for (const kernels of KERNELS) {
          const request = { backend, kernels, steps };
          const counted = await askPage(page, request).catch(String);
          rows.push({ where: "Chromium", ...request, counted });
        }
      }
    } finally {
      await browser.close();
    }
  } catch (error) {
    console.error(`bench gpu: Chromium skipped: ${error}`);
  } finally {
    await server.shutdown();
  }
  return rows;
}

function askPage(page: Page, request: CountRequest): Promise<Counted | string> {
  return page.evaluate((request) => {
    const worker = new Worker("/thread.js", { type: "module" });
    return new Promise<Counted | string>((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => {
        worker.terminate();
        resolve(data);
      };
      worker.postMessage(request);
    });
  }, request);
}

function print(rows: readonly Row[]): void {
  const table = tableOf(
    "a training step",
    "dispatches",
    "uploaded, B",
    "readings",
    "read back, B",
    "first step, B",
    "epoch's end: readings",
    "read back, B",
    "ms",
  );
  for (const { where, backend, kernels, steps, counted } of rows) {
    const name = `${backend}, ${where}, ` +
      (kernels === "portable" ? "tfjs's kernels" : "kernels on the device");
    if (typeof counted === "string") {
      console.log(`${name}: skipped: ${counted}`);
      continue;
    }
    const { first, steps: all, end, milliseconds } = counted;
    table.push([
      name,
      ...[
        all.dispatches / steps,
        all.bytesUploaded / steps,
        all.readings / steps,
        all.bytesReadBack / steps,
        first.bytesUploaded,
        end.readings,
        end.bytesReadBack,
      ].map((value) =>
        value.toLocaleString("en", { maximumFractionDigits: 1 })
      ),
      (milliseconds / steps).toFixed(0),
    ]);
  }
  console.log(`${table}`);
  for (const { where, backend, kernels, counted } of rows) {
    if (kernels !== "device" || typeof counted === "string") continue;
    console.log(`${backend}, ${where}: ${counted.detail}`);
  }
}
