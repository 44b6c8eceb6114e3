import type { StudyId, TrialId } from "../../protocol/ids.ts";
import { itemPages } from "../../protocol/pages.ts";
import { pointKey } from "../../protocol/grid_point.ts";
import type { Params } from "../../protocol/study.ts";
import { language } from "./language.ts";

/** The pages a visitor can go to from every page. */
export const pagePaths = {
  leaderboard: "/",
  lesson: "/lesson",
  workers: "/workers",
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
  return withLanguage(pagePaths[name]);
}

/** Address of a study's leaderboard. */
export function studyLink(studyId: StudyId): string {
  return withLanguage(pagePaths.leaderboard, { study: studyId });
}

export function trialLink(trialId: TrialId): string {
  return withLanguage(
    itemPages.trial.address.replace(":trialId", encodeURIComponent(trialId)),
  );
}

export function pointLink(studyId: StudyId, params: Params): string {
  return withLanguage(
    itemPages.point.address
      .replace(":studyId", encodeURIComponent(studyId))
      .replace(":point", pointKey(params)),
  );
}

/** What `address`, one of `itemPages`, has in the place of each `:name`. */
export function readAddress(
  address: string,
  path: string,
): Readonly<Record<string, string>> | null {
  const [wanted, had] = [address.split("/"), path.split("/")];
  if (wanted.length !== had.length) return null;
  const values: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = had[i] ?? "";
    if (part.startsWith(":")) {
      try {
        values[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return null;
      }
    } else if (part !== value) return null;
  }
  return values;
}

function withLanguage(
  path: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const named = new URLSearchParams(location.search).has("lang");
  const parameters = new URLSearchParams({
    ...query,
    ...named ? { lang: language.value } : {},
  });
  const code = joinCode();
  return path + (parameters.size === 0 ? "" : `?${parameters}`) +
    (code === null ? "" : `#${code}`);
}
