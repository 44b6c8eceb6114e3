/**
 * Pages that show one thing, named by their address: one file each, whatever
 * the id, which the page reads from the address.
 */
export const itemPages = {
  trial: { shell: "/trial", address: "/trials/:trialId" },
  point: { shell: "/point", address: "/studies/:studyId/points/:point" },
} as const;
