/**
 * Pages that show one item. Each is one file for all ids; the page reads the id
 * from its address.
 */
export const itemPages = {
  trial: { shell: "/trial", address: "/trials/:trialId" },
  point: { shell: "/point", address: "/studies/:studyId/points/:point" },
} as const;

/** Addresses of the pages that every page's header leads to, in its order. */
export const headerPages = {
  leaderboard: "/",
  workers: "/workers",
  lesson: "/lesson",
  join: "/join",
} as const;
export type HeaderPage = keyof typeof headerPages;
