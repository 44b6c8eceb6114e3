import axe from "npm:axe-core@4.14.1";
import type { Page } from "./chromium.ts";

/** What axe-core finds wrong with a page, one line each; empty: nothing. */
export async function axeViolations(page: Page): Promise<string[]> {
  // Evaluated by the debugger: the page's own policy allows no foreign script.
  await page.evaluate(axe.source);
  return await page.evaluate(`axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) =>
      id + ": " + html.slice(0, 200) + " " + failureSummary)))`);
}
