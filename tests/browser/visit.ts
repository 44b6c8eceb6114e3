import {
  type Browser,
  type BrowserContext,
  launchChromium,
  type Page,
} from "./chromium.ts";
import { PATIENCE } from "../processes.ts";

type ContextOptions = NonNullable<Parameters<Browser["newContext"]>[0]>;

export interface VisitOptions extends ContextOptions {
  /** JavaScript that runs in each document before the page's own. */
  readonly script?: string;
}

/** A page as one visitor sees it. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors on the console, and requests to anywhere but the page's server. */
  readonly complaints: string[];
}

/** The browser of a test file: one process. */
export interface Visitors {
  /**
   * Opens an address in a tab without stored data, and leaves it when `run` is
   * done.
   */
  visit(
    address: string,
    options: VisitOptions,
    run: (visit: Visit) => Promise<void>,
  ): Promise<void>;
  /** Registers a test; a browser's processes outlive the test they began in. */
  test(name: string, run: () => Promise<void>): void;
}

/** A tab of a context of its own. */
interface Tab {
  readonly context: BrowserContext;
  readonly page: Page;
}

const VIEWPORT = { width: 1280, height: 900 };

/**
 * To be called once at the top of a test file. Tabs are used again by visits
 * with the same options: a new one costs twice as much as the visit itself.
 */
export function visitors({ gpu = false } = {}): Visitors {
  let browser: Promise<Browser> | undefined;
  const idle = new Map<string, Tab>();
  Deno.test.afterAll(async () => {
    const open = await browser;
    browser = undefined;
    idle.clear();
    await open?.close();
  });

  const newTab = async ({ script, ...options }: VisitOptions): Promise<Tab> => {
    browser ??= launchChromium(gpu);
    const context = await (await browser).newContext({
      locale: "en-GB",
      // Animations are painted by the processor here.
      reducedMotion: "reduce",
      viewport: VIEWPORT,
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    if (script !== undefined) await context.addInitScript(script);
    return { context, page: await context.newPage() };
  };

  return {
    async visit(address, options, run) {
      const key = JSON.stringify(options);
      const tab = idle.get(key) ?? await newTab(options);
      idle.delete(key);
      const { context, page } = tab;
      const complaints: string[] = [];
      // A file has no server: it may ask for itself alone.
      const { origin } = new URL(address);
      const home = origin === "null" ? address : origin;
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("request", (request) => {
        if (!request.url().startsWith(home)) {
          complaints.push(`a request to ${request.url()}`);
        }
      });
      let done = false;
      try {
        await page.goto(address);
        await page.waitForSelector("main h1");
        await run({ page, context, complaints });
        done = true;
      } finally {
        if (done && !idle.has(key)) {
          await leave(tab, origin, options);
          idle.set(key, tab);
        } else await context.close();
      }
    },
    test: (name, fn) =>
      Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false }),
  };
}

/** Ends the visit's page, and takes back all that it changed. */
async function leave(
  { context, page }: Tab,
  origin: string,
  { viewport = VIEWPORT }: VisitOptions,
): Promise<void> {
  page.removeAllListeners();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.emulateMedia({ colorScheme: "light" });
  if (viewport !== null) await page.setViewportSize(viewport);
  await page.mouse.move(0, 0);
  if (origin === "null") {
    await page.evaluate("localStorage.clear()");
    return;
  }
  // Of the same origin: for another one, the browser starts another process.
  await page.goto(`${origin}/no-such-page`);
  const browser = await context.newCDPSession(page);
  await browser.send("Storage.clearDataForOrigin", {
    origin,
    storageTypes: "all",
  });
  await browser.send("Network.clearBrowserCache");
  await browser.detach();
}
