import { headerPages, itemPages } from "../protocol/pages.ts";

/**
 * The pages as data for the build: their paths, their files, and the texts of
 * their HTML without JavaScript. Pages themselves do not load this table: links
 * and the header only need the paths in `protocol/pages.ts`.
 */

/** JSON that the build makes from the project's files and pages fetch. */
export type DocumentName =
  /** The committed sample of the study `seed`: {@linkcode SampleStudy}. */
  | "sample"
  /** Listings of the source code that trains: `Listing[]`. */
  | "listings";

export interface Page {
  /** Path on the coordinator. */
  readonly path: string;
  /** The name of its files and assets. */
  readonly name: string;
  /** Its script, relative to `web/`. */
  readonly entry: string;
  /**
   * Pages of one bundle share scripts. A shared script contains whole source
   * files, also catalogues, so a bundle should have pages with similar content.
   */
  readonly bundle: "study" | "lesson" | "workers" | "join";
  /** Its style sheets in order, relative to `web/`. */
  readonly styles: readonly string[];
  readonly title: string;
  readonly description: string;
  /** Whether its head names the scripts and files of a worker's threads. */
  readonly startsThreads: boolean;
  /** Documents whose paths its head names. */
  readonly documents?: readonly DocumentName[];
}

/** Style sheets of every page. */
export const shared = [
  "components/styles/base.css",
  "components/styles/site.css",
  "components/styles/parts.css",
  "components/styles/charts.css",
];

/** Style sheets of the leaderboard's parts, which other pages show, too. */
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
      "Dropout step by step: the formula, a layer and a network live, and what repeated runs say about a lesson's conclusions.",
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
