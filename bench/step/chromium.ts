import { launchChromium } from "../../tests/browser/chromium.ts";
import { buildKernels } from "../../worker/backends/simd/build.ts";
import { bundle } from "../../tests/browser/bundle.ts";
import { type Contender, contender, type Request } from "./requests.ts";

/**
 * A page in headless Chromium that trains with `simd`. This process serves its
 * files on 127.0.0.1.
 *
 * @param folder with the data set's raw files
 * @throws Error if there is no Chromium, or the page does not start
 */
export async function chromiumContender(
  name: string,
  folder: string,
): Promise<Contender> {
  const script = await bundle(new URL("./page.ts", import.meta.url));
  const kernels = await buildKernels();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/") return page();
      if (pathname === "/page.js") {
        const headers = { "content-type": "text/javascript" };
        return new Response(script, { headers });
      }
      const file = pathname.endsWith(".wasm")
        ? new URL(`.${pathname}`, kernels)
        : `${folder}${pathname}`;
      try {
        const headers = { "content-type": "application/octet-stream" };
        return new Response(await Deno.readFile(file), { headers });
      } catch {
        return new Response(null, { status: 404 });
      }
    },
  );
  try {
    const browser = await launchChromium();
    try {
      const tab = await browser.newPage();
      tab.on("pageerror", (error) => console.error(`${name}: ${error}`));
      await tab.goto(`http://127.0.0.1:${server.addr.port}/`);
      await tab.waitForFunction("typeof answer === 'function'");
      const send = (request: Request) =>
        tab.evaluate(`answer(${JSON.stringify(request)})`);
      return contender(name, send, async () => {
        await browser.close();
        await server.shutdown();
      });
    } catch (error) {
      await browser.close();
      throw error;
    }
  } catch (error) {
    await server.shutdown();
    throw error;
  }
}

function page(): Response {
  return new Response(
    '<!doctype html><title>bench</title><script type="module" src="page.js">' +
      "</script>",
    {
      headers: {
        "content-type": "text/html",
        // The headers of our own pages; they also make clocks more precise.
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      },
    },
  );
}
