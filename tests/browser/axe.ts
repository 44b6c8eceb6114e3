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
  rules: readonly string[] | null = null,
): Promise<string[]> {
  // Evaluated by the debugger: the page's own policy allows no foreign script.
  if (!await page.evaluate("'axe' in globalThis")) {
    await page.evaluate(axe.source);
  }
  const options = {
    runOnly: rules ?? [
      ...["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      "best-practice",
    ],
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
 * nothing, and nothing is wider than the window. The styles' dark scheme changes
 * colours alone, so the other rules are checked in the light one.
 */
export async function checkLooks(page: Page, what = "page"): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 360]) {
      const look = `${what}, ${colorScheme}, ${width} pixels`;
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(
        "document.querySelectorAll('details').forEach((d) => d.open = true)",
      );
      await page.evaluate(TRANSITIONS_ENDED);
      const rules = colorScheme === "dark" ? COLOUR_RULES : null;
      assert.deepEqual(await axeViolations(page, rules), [], look);
      assert.equal(
        await page.evaluate(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        ),
        0,
        `${look}: too wide`,
      );
    }
  }
}
