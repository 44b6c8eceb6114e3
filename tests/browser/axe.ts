import assert from "node:assert/strict";
import axe from "npm:axe-core@4.14.1";
import type { Page } from "./chromium.ts";

/** The rules that look at colours: all that the dark scheme can break. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/**
 * Settles once no style is on its way to another value: a colour halfway from
 * the light scheme to the dark one has no contrast that anybody sees.
 */
const TRANSITIONS_ENDED = `new Promise(requestAnimationFrame).then(() =>
  Promise.allSettled(document.getAnimations()
    .filter((animation) => animation instanceof CSSTransition)
    .map(({ finished }) => finished))).then(() => null)`;

/** What axe-core finds wrong with a page, one line each; empty: nothing. */
export async function axeViolations(
  page: Page,
  rules: "all" | "colours" | "without colours" = "all",
): Promise<string[]> {
  // Evaluated by the debugger: the page's own policy allows no foreign script.
  if (!await page.evaluate("'axe' in globalThis")) {
    await page.evaluate(axe.source);
  }
  const options = {
    runOnly: rules === "colours" ? COLOUR_RULES : [
      ...["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      "best-practice",
    ],
    ...rules === "without colours" && {
      rules: Object.fromEntries(
        COLOUR_RULES.map((rule) => [rule, { enabled: false }]),
      ),
    },
    // Only what is wrong is described.
    resultTypes: ["violations"],
    selectors: false,
  };
  return await page.evaluate(`axe.run(document, ${JSON.stringify(options)})
    .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) =>
        id + ": " + html.slice(0, 200) + " " + failureSummary)))`);
}

/**
 * Looks at a page as it is, wide and narrow, light and dark: axe-core finds
 * nothing, and nothing is wider than the window. The dark scheme changes only
 * colours, and a language only texts: axe-core checks the dark scheme once, with
 * the rules about colours, and other languages than English with the other rules.
 */
export async function checkLooks(page: Page, what = "page"): Promise<void> {
  const english = await page.evaluate("document.documentElement.lang") === "en";
  const looks = [
    { colorScheme: "light", width: 1280 },
    { colorScheme: "light", width: 360 },
    ...english ? [{ colorScheme: "dark", width: 360 } as const] : [],
  ] as const;
  for (const { colorScheme, width } of looks) {
    const look = `${what}, ${colorScheme}, ${width} pixels`;
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(
      "document.querySelectorAll('details').forEach((d) => d.open = true)",
    );
    await page.evaluate(TRANSITIONS_ENDED);
    const rules = colorScheme === "dark"
      ? "colours"
      : english
      ? "all"
      : "without colours";
    assert.deepEqual(await axeViolations(page, rules), [], look);
    assert.equal(await tooWide(page), 0, `${look}: too wide`);
  }
}

/** Nothing is wider than the window, whatever the window's width. */
export async function checkWidths(page: Page, what: string): Promise<void> {
  for (const width of [360, 768, 1280, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(
      await tooWide(page),
      0,
      `${what}: too wide at ${width} pixels`,
    );
  }
}

/** By how many pixels the page is wider than the window. */
function tooWide(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
}
