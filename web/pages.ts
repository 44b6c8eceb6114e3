import { headerPages, itemPages } from "../protocol/pages.ts";

/**
 * The pages as data: their addresses, what they load, what their HTML says
 * before and without JavaScript. The build follows this table, which no page
 * loads: links and the header need the addresses alone, of `protocol/pages.ts`.
 */

/** JSON that pages fetch, made from the project's own files at build time. */
export type DocumentName =
  /** The committed sample of the study `seed`: {@linkcode SampleStudy}. */
  | "sample"
  /** Source that trains, to be shown: `Listing[]`. */
  | "listings";

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

/** Styles of every page. */
export const shared = [
  "components/styles/base.css",
  "components/styles/site.css",
  "components/styles/parts.css",
  "components/styles/charts.css",
];

/** Styles of the leaderboard's parts, which other pages also show. */
export const leaderboard = [
  "components/styles/leaderboard.css",
  "components/styles/verdicts.css",
  "components/styles/points.css",
  "components/styles/leaderboard_print.css",
];

export const pages: readonly Page[] = [
  {
    path: headerPages.leaderboard,
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
    path: headerPages.workers,
    name: "workers",
    entry: "pages/workers/main.tsx",
    bundle: "workers",
    styles: [...shared, ...leaderboard, "components/styles/trials.css"],
    title: "Workers · dropout-swarm",
    description:
      "Who trains the trials: backends, speeds and contributions of the volunteers' devices.",
    startsThreads: false,
  },
  {
    path: headerPages.lesson,
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
    path: headerPages.join,
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
];
