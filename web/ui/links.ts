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
 * The join code of an invitation, which stands behind the link's `#`: that
 * part is sent to nobody, and so stands in no log.
 */
export function joinCodeOf(hash: string): string | null {
  return /^#([\w.~-]{8,100})$/.exec(hash)?.[1] ?? null;
}

let invited: string | null = null;

/** This page's join code, also once a jump to its content replaced it. */
export function joinCode(): string | null {
  invited = joinCodeOf(location.hash) ?? invited;
  return invited;
}

/**
 * Address of a page. The language goes along where the present address names
 * one, and so does a join code: a link sent on keeps them.
 */
export function pageLink(name: PageName): string {
  const named = new URLSearchParams(location.search).has("lang");
  const code = joinCode();
  return pagePaths[name] + (named ? `?lang=${language.value}` : "") +
    (code === null ? "" : `#${code}`);
}
