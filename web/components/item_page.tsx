import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { JSX } from "preact";
import { axesOf, fieldOf, formatValue } from "../../protocol/grid_point.ts";
import {
  type Params,
  type Recipe,
  recipeFieldNames,
} from "../../protocol/recipe.ts";
import { type Fetched, OutdatedPageError, UnreachableError } from "../api.ts";
import { commonWords } from "../i18n/language.ts";
import type { Connection } from "../live.ts";
import { localized, words } from "./language.ts";
import { pageLink } from "./links.ts";
import { Notice } from "./site.tsx";

/** Why there is nothing to show. */
export type ItemProblem =
  | { readonly kind: "outdated" }
  /** The coordinator does not have the item. */
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly message: string };

/** One item that a page shows and keeps up to date. */
export interface ItemState<T> {
  /** Null until it is fetched. */
  readonly item: ReadonlySignal<T | null>;
  readonly problem: ReadonlySignal<ItemProblem | null>;
  readonly connection: ReadonlySignal<Connection>;
  /** Fetches the item if it changed; throws {@linkcode UnreachableError}. */
  refresh(): Promise<void>;
  /** Changes the shown item until the next fetch. */
  edit(change: (item: T) => T): void;
  /** To be called when `fetchItem` begins to fetch another item. */
  forget(): void;
  setConnection(connection: Connection): void;
}

/** State of the item of `fetchItem`, which returns null if nothing changed. */
export function createItemState<T>(
  fetchItem: (etag: string | null) => Promise<Fetched<T> | null>,
): ItemState<T> {
  const item = signal<T | null>(null);
  const problem = signal<ItemProblem | null>(null);
  const connection = signal<Connection>("connecting");
  let etag: string | null = null;
  /** Calls of `forget`: answers to requests before the last one are dropped. */
  let question = 0;

  const fail = (value: ItemProblem) => {
    problem.value = value;
  };
  return {
    item,
    problem,
    connection,
    async refresh() {
      const asked = question;
      try {
        const fetched = await fetchItem(etag);
        if (asked !== question) return;
        batch(() => {
          if (fetched !== null) {
            etag = fetched.etag;
            item.value = fetched.value;
          }
          problem.value = null;
        });
      } catch (error) {
        if (asked !== question) return;
        if (error instanceof OutdatedPageError) {
          return fail({ kind: "outdated" });
        }
        const status = error instanceof UnreachableError ? error.status : null;
        // The coordinator answered, so the connection is not lost.
        if (status === 404) return fail({ kind: "missing" });
        if (error instanceof Error && status !== null && status < 500) {
          return fail({ kind: "failed", message: error.message });
        }
        throw error;
      }
    },
    edit(change) {
      if (item.value === null) return;
      item.value = change(item.value);
      // The tag does not describe the edited item.
      etag = null;
    },
    forget() {
      question += 1;
      etag = null;
    },
    setConnection(value) {
      connection.value = value;
    },
  };
}

/** Tells the visitor that the item is missing, outdated or unreachable. */
export function ItemNotices<T>(
  { state, missing, failed }: {
    readonly state: ItemState<T>;
    readonly missing: string;
    readonly failed: string;
  },
): JSX.Element {
  const common = words(commonWords);
  const problem = state.problem.value;
  const reload = { label: common.reload, run: () => location.reload() };
  return (
    <>
      {state.connection.value === "offline" && (
        <Notice tone="warning">{common.offlineNotice}</Notice>
      )}
      {problem?.kind === "outdated" && (
        <Notice tone="warning" action={reload}>{common.outdatedNotice}</Notice>
      )}
      {problem?.kind === "missing" && (
        <div class="item-head">
          <h1>{missing}</h1>
          <p>
            <a class="button" href={pageLink("leaderboard")}>
              {common.leaderboard}
            </a>
          </p>
        </div>
      )}
      {problem?.kind === "failed" && (
        <Notice tone="warning" action={reload}>
          {failed}: {problem.message}
        </Notice>
      )}
    </>
  );
}

/**
 * Every recipe field with its value, for a list of facts. The fields that the
 * study varies come first.
 *
 * @param recipe as trained: the study's recipe, completed by the grid point
 */
export function recipeFacts(
  recipe: Recipe,
  params: Params,
): (readonly [string, JSX.Element])[] {
  const axes = axesOf([params]);
  const others = recipeFieldNames.filter((name) => !axes.includes(name));
  return [...axes, ...others].map((name) => {
    const { label, unit, meaning } = fieldOf(name);
    const value = formatValue(recipe[name]);
    return [
      localized(label),
      <span key={name} title={localized(meaning)}>
        <b>{unit === null ? value : `${value}\u00a0${localized(unit)}`}</b>
      </span>,
    ] as const;
  });
}
