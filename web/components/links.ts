import type { ReadonlySignal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { StudyId, TrialId } from "../../protocol/ids.ts";
import {
  type HeaderPage,
  headerPages,
  itemPages,
} from "../../protocol/pages.ts";
import { pointKey } from "../../protocol/grid_point.ts";
import { browserAfter } from "../live.ts";
import type { Params } from "../../protocol/study.ts";

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
export function pageLink(name: HeaderPage): string {
  return withLanguage(headerPages[name]);
}

/** Address of a study's leaderboard. */
export function studyLink(studyId: StudyId): string {
  return withLanguage(headerPages.leaderboard, { study: studyId });
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
  const lang = new URLSearchParams(location.search).get("lang");
  const parameters = new URLSearchParams({
    ...query,
    ...lang === null ? {} : { lang },
  });
  const code = joinCode();
  return path + (parameters.size === 0 ? "" : `?${parameters}`) +
    (code === null ? "" : `#${code}`);
}

/**
 * Changes the query of the page's address in place: what a visitor sees is in
 * the link they send, and going back leaves the page, not its last sorting.
 */
export function updateAddress(change: (query: URLSearchParams) => void): void {
  const url = new URL(location.href);
  change(url.searchParams);
  // Readable links: these need no escape in a query.
  url.search = url.searchParams.toString()
    .replaceAll("%2C", ",").replaceAll("%3B", ";");
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

/**
 * A visitor's choice that stands in the page's address under `name`, so that a
 * link shows what its sender saw; null where nothing was chosen.
 */
export function useQuery(name: string) {
  const [value, setValue] = useState(() =>
    new URLSearchParams(location.search).get(name)
  );
  const choose = (next: string | null) => {
    setValue(next);
    updateAddress((query) =>
      next === null ? query.delete(name) : query.set(name, next)
    );
  };
  return [value, choose] as const;
}

/**
 * Keeps a page's view in its address, and takes it from there when the visitor
 * goes back or forward. A view that changes many times a second needs a
 * `delay`: browsers refuse that many addresses.
 */
export function keepInAddress<V>(
  view: ReadonlySignal<V>,
  write: (view: V, query: URLSearchParams) => void,
  read: (query: URLSearchParams) => void,
  delay: number | null = null,
): void {
  let cancel = () => {};
  view.subscribe((value) => {
    const update = () => updateAddress((query) => write(value, query));
    cancel();
    if (delay === null) update();
    else cancel = browserAfter(delay, update);
  });
  globalThis.addEventListener(
    "popstate",
    () => read(new URLSearchParams(location.search)),
  );
}

/** One of some known words in a query; null for any other. */
export function wordIn<T extends string>(
  query: URLSearchParams,
  name: string,
  known: readonly T[],
): T | null {
  return known.find((one) => one === query.get(name)) ?? null;
}

/** A whole number from 1 to `most` in a query; null for anything else. */
export function countIn(
  query: URLSearchParams,
  name: string,
  most = 1_000_000,
): number | null {
  const value = Number(query.get(name));
  return Number.isInteger(value) && value >= 1 && value <= most ? value : null;
}

/** Writes a view into a query, and takes out what is as usual or null. */
export function writeQuery<
  V extends { readonly [name in keyof V]: string | number | null },
>(view: V, usual: V, query: URLSearchParams): void {
  for (const name in usual) {
    const value = view[name];
    if (value === null || value === usual[name]) query.delete(name);
    else query.set(name, String(value));
  }
}
