import {
  type Browser,
  type BrowserContext,
  launchChromium,
  type Page,
} from "./chromium.ts";
import { PATIENCE } from "../processes.ts";

export type ContextOptions = NonNullable<Parameters<Browser["newContext"]>[0]>;

/** A page as one visitor sees it. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors on the console, and requests to anywhere but the page's server. */
  readonly complaints: string[];
}

/** Browsers of a test file: one process, a context of its own each visit. */
export interface Visitors {
  /** Opens an address, and closes it again when `run` is done. */
  visit(
    address: string,
    options: ContextOptions,
    run: (visit: Visit) => Promise<void>,
  ): Promise<void>;
  /** Registers a test; a browser's processes outlive the test they began in. */
  test(name: string, run: () => Promise<void>): void;
}

/** To be called once at the top of a test file. */
export function visitors({ gpu = false } = {}): Visitors {
  let browser: Promise<Browser> | undefined;
  Deno.test.afterAll(async () => {
    const open = await browser;
    browser = undefined;
    await open?.close();
  });
  return {
    async visit(address, options, run) {
      browser ??= launchChromium(gpu);
      const context = await (await browser).newContext({
        locale: "en-GB",
        // Animations are painted by the processor here.
        reducedMotion: "reduce",
        viewport: { width: 1280, height: 900 },
        ...options,
      });
      context.setDefaultTimeout(PATIENCE);
      const complaints: string[] = [];
      // A file has no server: it may ask for itself alone.
      const { origin } = new URL(address);
      const home = origin === "null" ? address : origin;
      try {
        const page = await context.newPage();
        page.on("console", (message) => {
          if (message.type() === "error") complaints.push(message.text());
        });
        page.on("pageerror", (error) => complaints.push(error.message));
        page.on("request", (request) => {
          if (!request.url().startsWith(home)) {
            complaints.push(`a request to ${request.url()}`);
          }
        });
        await page.goto(address);
        await page.waitForSelector("main h1");
        await run({ page, context, complaints });
      } finally {
        await context.close();
      }
    },
    test: (name, fn) =>
      Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false }),
  };
}
