import type { ReadonlySignal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { StudyId, TrialId } from "../../protocol/ids.ts";
import {
  type HeaderPage,
  headerPages,
  itemPages,
  urlAt,
} from "../../protocol/pages.ts";
import { pointKey } from "../../protocol/grid_point.ts";
import { browserAfter } from "../live.ts";
import type { Params } from "../../protocol/study.ts";

let path: string | undefined;

/**
 * The path under which this page's coordinator is: `/swarm` behind a proxy, ""
 * at the root of its host. The page's head says where; a report has no
 * coordinator.
 */
export function basePath(): string {
  return path ??= basePathOf(
    document.querySelector<HTMLMetaElement>('meta[name="coordinator"]')
      ?.content,
    location.href,
  );
}

/** The path that a page's head says, relative to the page. */
export function basePathOf(up: string | undefined, page: string): string {
  if (up === undefined) return "";
  // A link that begins with two slashes would lead to another host.
  return new URL(up, page).pathname.replaceAll(/^\/+(?=\/)|\/$/g, "");
}

/** The coordinator's URL: the path of an API call or a page follows. */
export function coordinatorUrl(): string {
  return location.origin + basePath();
}

/** The path of this page on its coordinator, as in {@linkcode itemPages}. */
export function pagePath(): string {
  return location.pathname.slice(basePath().length);
}

/** URL of a path on the coordinator. */
export function linkTo(path: string): string {
  return urlAt(basePath(), path);
}

/**
 * The join code of an invitation. It comes after the link's `#`, because
 * browsers do not send that part, so no log contains it.
 */
export function joinCodeOf(hash: string): string | null {
  return /^#([\w.~-]{8,100})$/.exec(hash)?.[1] ?? null;
}

let invited: string | null = null;

/** This page's join code, also after a link to a heading replaced the hash. */
export function joinCode(): string | null {
  invited = joinCodeOf(location.hash) ?? invited;
  return invited;
}

/**
 * URL of a page. It keeps the language and the join code of the current URL, so
 * that links which visitors send have them, too.
 */
export function pageLink(name: HeaderPage): string {
  return withLanguage(headerPages[name]);
}

/** URL of a study's leaderboard. */
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

/** The value in `path` of each `:name` of `address`, one of `itemPages`. */
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
  return linkTo(path) + (parameters.size === 0 ? "" : `?${parameters}`) +
    (code === null ? "" : `#${code}`);
}

/**
 * Changes the query of the page's URL, so that a link shows what its sender
 * saw. It adds no history entry: the Back button leaves the page.
 */
export function updateAddress(change: (query: URLSearchParams) => void): void {
  const url = new URL(location.href);
  change(url.searchParams);
  // Links are easier to read, and a query may contain these characters.
  url.search = url.searchParams.toString()
    .replaceAll("%2C", ",").replaceAll("%3B", ";");
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}

/**
 * A visitor's choice, kept in the page's URL under `name`, so that a link shows
 * what its sender saw; null without a choice.
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
 * Keeps a page's view in its URL, and reads it when the visitor goes back or
 * forward. A view that changes many times a second needs a `delay`, because
 * browsers limit how often a page may change its URL.
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

/** A known word in a query; null for any other. */
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

/** Writes a view into a query without values that are `usual` or null. */
export function writeQuery<
  V extends { readonly [name in keyof V]: string | number | null },
>(view: V, usual: V, query: URLSearchParams): void {
  for (const name in usual) {
    const value = view[name];
    if (value === null || value === usual[name]) query.delete(name);
    else query.set(name, String(value));
  }
}
