/**
 * Pages that show one thing, named by their address: one file each, whatever
 * the id, which the page reads from the address.
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
