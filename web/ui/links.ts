import { language } from "./language.ts";

/** The pages a visitor can go to from every page. */
export const pagePaths = {
  leaderboard: "/",
  lesson: "/lesson",
  join: "/join",
} as const;
export type PageName = keyof typeof pagePaths;

/** Where the API can be read. */
export const API_PAGE = "/api";

/**
 * Address of a page. The language goes along where the present address names
 * one, so that a link sent on keeps it.
 */
export function pageLink(name: PageName): string {
  const named = new URLSearchParams(location.search).has("lang");
  return pagePaths[name] + (named ? `?lang=${language.value}` : "");
}
