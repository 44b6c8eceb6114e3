import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type Browser,
  launchChromium,
  type Page,
  type Request,
} from "../tests/browser/chromium.ts";
import { runScript } from "../tests/processes.ts";
import { wholeNumber } from "./flags.ts";
import { tableOf } from "./table.ts";

const USAGE = `Usage: deno task bench join [flags]

Opens the join page of a coordinator with the seed study in headless Chromium,
presses Start and waits until the page shows a training step. Measures the bytes
before and after Start, and the time from Start to the first step: for a new
browser, and for its next visit, which has the data.

  --rounds N    new browsers for each backend (default: 3)
  --json        print the measurements as JSON`;

const BACKENDS = ["simd", "auto"] as const;

/** Bytes as transferred, compressed where the coordinator compresses. */
interface Transferred {
  /** The page's own JavaScript, before Start. */
  readonly scripts: number;
  /** All bytes before Start. */
  readonly page: number;
  /** All bytes after it except the data set. */
  readonly program: number;
  readonly data: number;
}

interface Visit extends Transferred {
  readonly backend: typeof BACKENDS[number];
  readonly visit: "first" | "next";
  /** From Start to the first step shown by the page. */
  readonly milliseconds: number;
}

/** Measures and prints. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const rounds = wholeNumber("rounds", values.rounds);
  const visits = await withCoordinator((origin) => measure(origin, rounds));
  if (values.json) console.log(JSON.stringify(visits, null, 2));
  else print(visits);
}

/**
 * Starts a coordinator as users do, on its own port, without local trainers.
 */
async function withCoordinator<Result>(
  use: (origin: string) => Promise<Result>,
): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "bench-join-" });
  const coordinator = runScript("coordinator/main.ts", [
    ...["--study", "seed", "--workers", "0", "--port", "0"],
    ...["--db", join(folder, "swarm.db")],
  ]);
  try {
    const [, origin = ""] = await coordinator.waitFor(
      /leaderboard (http:\S+?)\/,/,
    );
    return await use(origin);
  } finally {
    coordinator.kill("SIGINT");
    await coordinator.ended;
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(origin: string, rounds: number): Promise<Visit[]> {
  const browser = await launchChromium();
  try {
    const visits: Visit[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const backend of BACKENDS) {
        visits.push(...await measureBrowser(browser, origin, backend));
      }
    }
    return visits;
  } finally {
    await browser.close();
  }
}

async function measureBrowser(
  browser: Browser,
  origin: string,
  backend: Visit["backend"],
): Promise<Visit[]> {
  // It has its own storage and cache, which are deleted at the end.
  const context = await browser.newContext();
  try {
    const visits: Visit[] = [];
    for (const visit of ["first", "next"] as const) {
      const page = await context.newPage();
      visits.push({
        backend,
        visit,
        ...await measureVisit(page, origin, backend),
      });
      await page.close();
    }
    return visits;
  } finally {
    await context.close();
  }
}

async function measureVisit(
  page: Page,
  origin: string,
  backend: Visit["backend"],
): Promise<Transferred & { milliseconds: number }> {
  const requests: Request[] = [];
  page.on("requestfinished", (request) => requests.push(request));
  await page.goto(`${origin}/join`);
  await page.waitForSelector(".study-name");
  await page.selectOption("#backend", backend);
  const before = requests.length;
  const start = performance.now();
  await page.click("button.is-large");
  // A bar moved in a thread's card: the first step is done.
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll(".slot.is-training progress")]
        .some((bar) => bar instanceof HTMLProgressElement && bar.value > 0),
    null,
    { timeout: 120_000 },
  );
  const milliseconds = performance.now() - start;
  const [early, late] = [requests.slice(0, before), requests.slice(before)];
  const isData = (request: Request) =>
    new URL(request.url()).pathname.startsWith("/data/");
  return {
    milliseconds,
    scripts: await bytesOf(
      early.filter((request) => request.resourceType() === "script"),
    ),
    page: await bytesOf(early),
    program: await bytesOf(late.filter((request) => !isData(request))),
    data: await bytesOf(late.filter(isData)),
  };
}

async function bytesOf(requests: readonly Request[]): Promise<number> {
  let sum = 0;
  for (const request of requests) {
    // Negative if the browser's cache answered.
    sum += Math.max(0, (await request.sizes()).responseBodySize);
  }
  return sum;
}

function print(visits: readonly Visit[]): void {
  const table = tableOf(
    "a visit",
    "scripts, kB",
    "page, kB",
    "program, kB",
    "data, kB",
    "Start to first step, ms",
  );
  for (const { backend, visit, milliseconds, ...bytes } of visits) {
    const kilobytes = (count: number) => (count / 1000).toFixed(1);
    table.push([
      `${visit}, ${backend}`,
      kilobytes(bytes.scripts),
      kilobytes(bytes.page),
      kilobytes(bytes.program),
      kilobytes(bytes.data),
      milliseconds.toFixed(0),
    ]);
  }
  console.log(`${table}`);
}
