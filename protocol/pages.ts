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

/** Address of the page that documents the API. */
export const API_PAGE = "/api";

/** The address at which the page in the file at `path` is served. */
export function addressOfPage(path: string): string {
  return Object.values(itemPages)
    .find(({ shell }) => shell === path)?.address ?? path;
}

/**
 * The relative URL from a page to its coordinator: `./` from `/join`, `../`
 * from `/trials/ID`. Pages name their files by it, because a proxy may serve
 * them under a path that nobody told the coordinator.
 */
export function wayUp(address: string): string {
  return "../".repeat(address.split("/").length - 2) || "./";
}

/**
 * The URL of a coordinator's path. All of them are made here or by Hono's
 * client: `new URL(path, coordinator)` would lose a path that the coordinator
 * has, as in `https://example.org/swarm`.
 */
export function urlAt(coordinator: string, path: string): string {
  return coordinator.replace(/\/+$/, "") + path;
}

/**
 * The coordinator's URL from that of any of its pages, without a slash at its
 * end.
 */
export function coordinatorOf({ origin, pathname }: URL): string {
  const path = pathname.replace(/\/+$/, "").split("/");
  const page = [
    ...Object.values(headerPages),
    ...Object.values(itemPages).map(({ address }) => address),
    API_PAGE,
  ].map((address) => address.split("/").slice(1)).find((address) => {
    const end = path.slice(-address.length);
    return path.length > address.length &&
      address.every((part, i) =>
        part === end[i] || part.startsWith(":") && end[i] !== ""
      );
  });
  return origin + path.slice(0, path.length - (page?.length ?? 0)).join("/");
}
