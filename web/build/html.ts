import { createHash } from "node:crypto";
import { addressOfPage, API_PAGE, wayUp } from "../../protocol/pages.ts";
import { languageCodes, languages, noScriptWords } from "../i18n/language.ts";
import { leaderboard, type Page, shared } from "../pages.ts";

/**
 * The HTML of pages and of the report. It contains no script or style, so that
 * a strict Content-Security-Policy holds.
 */

/** Scripts of threads, relative to the project's root. */
export const threads = [
  {
    name: "trainer",
    entry: "worker/trainer/trainer_thread.ts",
    bundle: "join",
  },
  { name: "clock", entry: "worker/browser/clock_thread.ts", bundle: "join" },
] as const satisfies readonly Pick<Page, "name" | "entry" | "bundle">[];

/** The report is no page: visitors download it as a file. */
export const report = {
  entry: "pages/report/main.tsx",
  styles: [
    ...shared,
    ...leaderboard,
    "components/styles/heatmap.css",
    "components/styles/report.css",
  ],
} as const;

/** Paths on the coordinator of the files that a page's HTML loads. */
export interface ShellAssets {
  readonly script: string;
  /** Static imports of `script`, to be fetched at the same time. */
  readonly preload: readonly string[];
  readonly style: string;
  readonly icon: string;
  /** Paths that the script reads from `<meta name="asset:…" content="…">`. */
  readonly named: Readonly<Record<string, string>>;
}

/**
 * A page's HTML. Its URLs are relative, so that it works under any path, and
 * its script learns from `coordinator` where the paths of the API begin.
 */
export function renderShell(page: Page, assets: ShellAssets): string {
  const up = wayUp(addressOfPage(page.path));
  const url = (path: string) => escape(up + path.slice(1));
  const preload = assets.preload.map((path) =>
    `<link rel="modulepreload" href="${url(path)}">`
  );
  const named = Object.entries(assets.named).map(([name, path]) =>
    `<meta name="asset:${escape(name)}" content="${url(path)}">`
  );
  return `<!doctype html>
<html lang="en">
<head>
${
    [
      '<meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      '<meta name="color-scheme" content="light dark">',
      '<meta name="referrer" content="same-origin">',
      `<title>${escape(page.title)}</title>`,
      `<meta name="description" content="${escape(page.description)}">`,
      `<meta name="coordinator" content="${up}">`,
      `<link rel="icon" type="image/svg+xml" href="${url(assets.icon)}">`,
      `<link rel="stylesheet" href="${url(assets.style)}">`,
      ...preload,
      ...named,
      `<script type="module" src="${url(assets.script)}"></script>`,
    ].join("\n")
  }
</head>
<body>
<div id="app">
<noscript>
<main class="noscript">
<h1>dropout-swarm</h1>
${noScript("page", ` <a href="${url(API_PAGE)}">${API_PAGE}</a>`)}
</main>
</noscript>
</div>
</body>
</html>
`;
}

/** A line in every language, for browsers without JavaScript. */
function noScript(line: "page" | "report", end: string): string {
  return languageCodes.map((code) =>
    `<p lang="${languages[code].tag}">${
      escape(noScriptWords[code][line])
    }${end}</p>`
  ).join("\n");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/**
 * The template of a report: one file that contains its script and styles and
 * opens from a disk. Its policy allows the script and styles by their hashes
 * and no requests. The coordinator adds the data
 * (`coordinator/service/report.ts`).
 */
export function reportTemplate(
  files: {
    readonly script: string;
    readonly style: string;
    readonly icon: string;
  },
): string {
  const script = inScript(files.script);
  const style = files.style.replaceAll("</", "<\\/");
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const icon = `data:image/svg+xml,${encodeURIComponent(files.icon)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>dropout-swarm</title>
<link rel="icon" type="image/svg+xml" href="${icon}">
<style>${style}</style>
</head>
<body>
<div id="app">
<noscript>
<main class="noscript">
<h1>dropout-swarm</h1>
${noScript("report", "")}
</main>
</noscript>
</div>
<script type="application/json" id="report"></script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** Escapes what would end a `<script>` element or begin a comment in it. */
function inScript(code: string): string {
  return code.trim().replaceAll(/<(?=\/script|!--)/gi, "\\x3c");
}

function hashOf(content: string): string {
  const hash = createHash("sha256").update(content).digest("base64");
  return `'sha256-${hash}'`;
}
