import assert from "node:assert/strict";
import { pointKey } from "../../protocol/grid_point.ts";
import { type Mount, startPathProxy } from "../path_proxy.ts";
import { type Page, PLAIN_HOST } from "./chromium.ts";
import { small, trainsOn, trials, withCoordinator } from "./joining.ts";
import { visitors } from "./visit.ts";

/** The pages under a path of a proxy, with both kinds of proxy. */

const { visit, test } = visitors();

/** The page's requests from now on that fail, and its errors. */
function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("requestfailed", (request) => {
    faults.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) {
      faults.push(`${response.url()}: ${response.status()}`);
    }
  });
  return faults;
}

/** What each page shows once all of it is there. */
const ready: Readonly<Record<string, string>> = {
  api: ".opblock",
  lesson: ".listing pre",
};
const LIVE = ".connection.is-live";

for (
  const [kind, mount, named] of [
    ["takes its path away", { path: "/swarm/", strips: true }, false],
    [
      "passes its path on",
      { path: "/user/ada/proxy/8000/", strips: false },
      true,
    ],
  ] as const satisfies readonly (readonly [
    string,
    Omit<Mount, "to">,
    boolean,
  ])[]
) {
  test(`pages under a path of a proxy that ${kind}: a tab trains, every request is answered, every link works`, async () => {
    await using proxy = await startPathProxy();
    const home = proxy.origin + mount.path;
    const study = { ...small, ...named && { publicUrl: home } };
    await withCoordinator(study, async (swarm) => {
      proxy.use({ ...mount, to: swarm.origin });
      const behind = { ...swarm, origin: home.slice(0, -1) };
      // A phone gets the whole address; 127.0.0.1 would not reach it.
      const there = home.replace("127.0.0.1", PLAIN_HOST);
      await visit(there, {}, async ({ page }) => {
        const code = page.locator(".invite .qr svg");
        const label = await code.getAttribute("aria-label") ?? "";
        assert.ok(label.includes(`${there}join`), label);
      });

      await trainsOn("simd", behind, visit);

      const [trial] = await trials(behind);
      assert.ok(trial !== undefined);
      const links = new Set<string>();
      await visit(home, {}, async ({ context }) => {
        for (
          const path of [
            ...["", "workers", "lesson", "join", "api"],
            `trials/${trial.trialId}`,
            `studies/tiny/points/${pointKey(trial.params)}`,
          ]
        ) {
          const page = await context.newPage();
          const faults = faultsOf(page);
          await page.goto(home + path);
          await page.waitForSelector(ready[path] ?? LIVE);
          const found = await page.$$eval(
            "a[href]",
            (all) =>
              all.map((a) =>
                new URL(a.getAttribute("href") ?? "", location.href).href
              ),
          );
          for (const link of found) links.add(link);
          assert.deepEqual(faults, [], path);
          await page.close();
        }
      });
      // The licence of the API's description is elsewhere.
      const own = [...links].filter((link) => !/^https:/.test(link));
      assert.ok(own.length > 15, own.join("\n"));
      for (const link of own) {
        assert.ok(link.startsWith(home), link);
        const response = await fetch(link);
        await response.body?.cancel();
        assert.equal(response.status, 200, link);
      }

      assert.deepEqual(
        // Where each visit ends.
        proxy.strays.filter((path) => path !== "/no-such-page"),
        [],
      );
    });
  });
}

test("coordinators under two paths of one host share no events and no settings", async () => {
  await using proxy = await startPathProxy();
  await withCoordinator(small, (one) =>
    withCoordinator(small, async (two) => {
      proxy.use(
        { path: "/one/", to: one.origin, strips: true },
        { path: "/two/", to: two.origin, strips: true },
      );
      await visit(`${proxy.origin}/one/`, {}, async ({ page, context }) => {
        await page.waitForSelector(LIVE);
        await page.locator("label[lang=zh-CN]").click();
        await page.waitForSelector("html[lang=zh-CN]");
        const other = await context.newPage();
        await other.goto(`${proxy.origin}/two/`);
        await other.waitForSelector(LIVE);
        assert.equal(await other.getAttribute("html", "lang"), "en");
        for (const path of ["/one/api/events", "/two/api/events"]) {
          assert.ok(proxy.requests.includes(path), path);
        }
        // Another page of the first one has its settings and its stream.
        await other.goto(`${proxy.origin}/one/workers`);
        await other.waitForSelector("html[lang=zh-CN]");
        await other.waitForSelector(LIVE);
        assert.equal(
          proxy.requests.filter((path) => path === "/one/api/events").length,
          1,
        );
        await other.close();
      });
    }));
});
