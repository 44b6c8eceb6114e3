import { createHash } from "node:crypto";
import { itemPages } from "../../protocol/pages.ts";
import { languageCodes, languages, noScriptWords } from "../i18n/language.ts";
import type { DocumentName } from "./build.ts";

/**
 * The pages as data: where each lies, what it loads, what its shell says
 * before and without JavaScript. No script or style stands in the HTML itself,
 * so that a strict Content-Security-Policy holds.
 */

export interface Page {
  /** Where the coordinator serves it. */
  readonly path: string;
  /** Its file and asset names. */
  readonly name: string;
  /** Its script, relative to `web/`. */
  readonly entry: string;
  /**
   * Pages of one bundle share scripts. A file lies in a shared script whole, a
   * language's catalogue too: a bundle holds pages that show much the same.
   */
  readonly bundle: "study" | "lesson" | "workers" | "join";
  /** Its style sheets in order, relative to `web/`. */
  readonly styles: readonly string[];
  readonly title: string;
  readonly description: string;
  /** Whether it is told where the threads' scripts and files lie. */
  readonly startsThreads: boolean;
  /** Documents made at build time that it is told where to fetch. */
  readonly documents?: readonly DocumentName[];
}

/** Scripts that run in threads of their own, relative to the project's root. */
export const threads = [
  {
    name: "trainer",
    entry: "worker/trainer/trainer_thread.ts",
    bundle: "join",
  },
  { name: "clock", entry: "worker/browser/clock_thread.ts", bundle: "join" },
] as const satisfies readonly Pick<Page, "name" | "entry" | "bundle">[];

const shared = [
  "components/styles/base.css",
  "components/styles/site.css",
  "components/styles/parts.css",
  "components/styles/charts.css",
];

/** Of the leaderboard's parts, which other pages show, too. */
const leaderboard = [
  "components/styles/leaderboard.css",
  "components/styles/verdicts.css",
  "components/styles/points.css",
  "components/styles/leaderboard_print.css",
];

export const pages: readonly Page[] = [
  {
    path: "/",
    name: "leaderboard",
    entry: "pages/leaderboard/main.tsx",
    bundle: "study",
    styles: [
      ...shared,
      ...leaderboard,
      "components/styles/heatmap.css",
      "components/styles/trials.css",
    ],
    title: "Leaderboard · dropout-swarm",
    description:
      "How dropout rates shape training: figures per grid point with intervals, and a verdict in words on each claim.",
    startsThreads: false,
  },
  {
    path: "/lesson",
    name: "lesson",
    entry: "pages/lesson/main.tsx",
    bundle: "lesson",
    styles: [
      ...shared,
      ...leaderboard,
      "components/styles/lesson.css",
      "components/styles/lesson_figures.css",
    ],
    title: "Lesson · dropout-swarm",
    description:
      "Dropout step by step: the formula, a layer and a network live, and what repeated runs say of a lesson's conclusions.",
    startsThreads: false,
    documents: ["sample", "listings"],
  },
  {
    path: "/join",
    name: "join",
    entry: "pages/join/main.tsx",
    bundle: "join",
    styles: [...shared, "components/styles/join.css"],
    title: "Join · dropout-swarm",
    description:
      "Lend this device to a study of dropout rates: a browser tab trains, no install, no account.",
    startsThreads: true,
  },
  {
    path: itemPages.trial.shell,
    name: "trial",
    entry: "pages/trial/main.tsx",
    bundle: "study",
    styles: [...shared, ...leaderboard, "components/styles/trials.css"],
    title: "Trial · dropout-swarm",
    description:
      "One trial of a study of dropout rates: every attempt, its curves, checks and timings.",
    startsThreads: false,
  },
  {
    path: itemPages.point.shell,
    name: "point",
    entry: "pages/point/main.tsx",
    bundle: "study",
    styles: [...shared, ...leaderboard, "components/styles/trials.css"],
    title: "Grid point · dropout-swarm",
    description:
      "One pair of dropout rates: its replicates, their curves, means with intervals, and its swapped partner.",
    startsThreads: false,
  },
  {
    path: "/workers",
    name: "workers",
    entry: "pages/workers/main.tsx",
    bundle: "workers",
    styles: [...shared, ...leaderboard, "components/styles/trials.css"],
    title: "Workers · dropout-swarm",
    description:
      "Who trains the trials: backends, speeds and contributions of the volunteers' devices.",
    startsThreads: false,
  },
];

/** The report: not served as a page, but handed out as a file. */
export const report = {
  entry: "pages/report/main.tsx",
  styles: [
    ...shared,
    ...leaderboard,
    "components/styles/heatmap.css",
    "components/styles/report.css",
  ],
} as const;

/** Addresses of what a page's shell loads. */
export interface ShellAssets {
  readonly script: string;
  /** Scripts that the first one imports: fetched beside it, not after it. */
  readonly preload: readonly string[];
  readonly style: string;
  readonly icon: string;
  /** Told to the script by name: `<meta name="asset:…" content="…">`. */
  readonly named: Readonly<Record<string, string>>;
}

/** A page's HTML. */
export function renderShell(page: Page, assets: ShellAssets): string {
  const preload = assets.preload.map((href) =>
    `<link rel="modulepreload" href="${escape(href)}">`
  );
  const named = Object.entries(assets.named).map(([name, href]) =>
    `<meta name="asset:${escape(name)}" content="${escape(href)}">`
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
      `<link rel="icon" type="image/svg+xml" href="${escape(assets.icon)}">`,
      `<link rel="stylesheet" href="${escape(assets.style)}">`,
      ...preload,
      ...named,
      `<script type="module" src="${escape(assets.script)}"></script>`,
    ].join("\n")
  }
</head>
<body>
<div id="app">
<noscript>
<main class="noscript">
<h1>dropout-swarm</h1>
${noScript("page", ' <a href="/api">/api</a>')}
</main>
</noscript>
</div>
</body>
</html>
`;
}

/** The same line in every language, for a browser without scripts. */
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
 * The template of a report: one file with its script and styles in it, which
 * opens from a disk and asks for nothing. Its own policy allows that script and
 * those styles by their hashes, and no request at all. The coordinator puts the
 * data in (`coordinator/service/report.ts`).
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

/** Code as it may stand in an element: nothing in it looks like a tag's end. */
function inScript(code: string): string {
  return code.trim().replaceAll(/<(?=\/script|!--)/gi, "\\x3c");
}

function hashOf(content: string): string {
  const hash = createHash("sha256").update(content).digest("base64");
  return `'sha256-${hash}'`;
}
