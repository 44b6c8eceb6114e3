import { fileURLToPath } from "node:url";
import { launchChromium } from "../../tests/browser/chromium.ts";
import { buildKernels } from "../../worker/backends/simd/build.ts";
import { type Contender, contender, type Request } from "./requests.ts";

/**
 * A page in headless Chromium that trains with `simd`. This process serves its
 * files on 127.0.0.1.
 *
 * @param folder with the data set's raw files; the page's script is written
 * there
 * @throws Error if there is no Chromium, or the page does not start
 */
export async function chromiumContender(
  name: string,
  folder: string,
): Promise<Contender> {
  await bundlePage(`${folder}/page.js`);
  const kernels = await buildKernels();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/") return page();
      const file = pathname.endsWith(".wasm")
        ? new URL(`.${pathname}`, kernels)
        : `${folder}${pathname}`;
      try {
        const type = pathname.endsWith(".js")
          ? "text/javascript"
          : "application/octet-stream";
        const headers = { "content-type": type };
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

async function bundlePage(output: string): Promise<void> {
  const entry = fileURLToPath(new URL("./page.ts", import.meta.url));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--lock=deno.lock", "--frozen"],
      ...["--platform", "browser", "-o", output, entry],
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(
      `bench: the page does not bundle: ${new TextDecoder().decode(stderr)}`,
    );
  }
}
