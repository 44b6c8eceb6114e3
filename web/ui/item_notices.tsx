import type { JSX } from "preact";
import { commonWords } from "../i18n/common_words.ts";
import type { ItemState } from "./item_state.ts";
import { words } from "./language.ts";
import { pageLink } from "./links.ts";
import { Notice } from "./site.tsx";

/** What a visitor must know where the item is missing, old or unreachable. */
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
