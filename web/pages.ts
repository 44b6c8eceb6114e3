import { itemPages } from "../coordinator/protocol/pages.ts";
import type { DocumentName } from "./build_documents.ts";

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
  { name: "trainer", entry: "worker/trainer_thread.ts" },
  { name: "clock", entry: "worker/browser/clock_thread.ts" },
] as const;

const shared = [
  "styles/base.css",
  "styles/site.css",
  "styles/parts.css",
  "styles/charts.css",
];

/** Of the leaderboard's parts, which other pages show, too. */
const leaderboard = [
  "styles/leaderboard.css",
  "styles/verdicts.css",
  "styles/points.css",
  "styles/leaderboard_print.css",
];

export const pages: readonly Page[] = [
  {
    path: "/",
    name: "leaderboard",
    entry: "leaderboard/main.tsx",
    styles: [
      ...shared,
      ...leaderboard,
      "styles/heatmap.css",
      "styles/trials.css",
    ],
    title: "Leaderboard · dropout-swarm",
    description:
      "How dropout rates shape training: figures per grid point with intervals, and a verdict in words on each claim.",
    startsThreads: false,
  },
  {
    path: "/lesson",
    name: "lesson",
    entry: "lesson/main.tsx",
    styles: [
      ...shared,
      ...leaderboard,
      "styles/lesson.css",
      "styles/lesson_figures.css",
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
    entry: "join/main.tsx",
    styles: [...shared, "styles/join.css"],
    title: "Join · dropout-swarm",
    description:
      "Lend this device to a study of dropout rates: a browser tab trains, no install, no account.",
    startsThreads: true,
  },
  {
    path: itemPages.trial.shell,
    name: "trial",
    entry: "trial/main.tsx",
    styles: [...shared, ...leaderboard, "styles/trials.css"],
    title: "Trial · dropout-swarm",
    description:
      "One trial of a study of dropout rates: every attempt, its curves, checks and timings.",
    startsThreads: false,
  },
  {
    path: itemPages.point.shell,
    name: "point",
    entry: "point/main.tsx",
    styles: [...shared, ...leaderboard, "styles/trials.css"],
    title: "Grid point · dropout-swarm",
    description:
      "One pair of dropout rates: its replicates, their curves, means with intervals, and its swapped partner.",
    startsThreads: false,
  },
  {
    path: "/workers",
    name: "workers",
    entry: "workers/main.tsx",
    styles: [...shared, ...leaderboard, "styles/trials.css"],
    title: "Workers · dropout-swarm",
    description:
      "Who trains the trials: backends, speeds and contributions of the volunteers' devices.",
    startsThreads: false,
  },
];

/** The report: not served as a page, but handed out as a file. */
export const report = {
  entry: "report/main.tsx",
  styles: [
    ...shared,
    ...leaderboard,
    "styles/heatmap.css",
    "styles/report.css",
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
<p>This page needs JavaScript. The same figures are to be had as <a href="/api">an API</a>.</p>
<p lang="zh-CN">本页面需要 JavaScript。同样的数据也可以通过 <a href="/api">API</a> 获取。</p>
</main>
</noscript>
</div>
</body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
