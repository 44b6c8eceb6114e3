import type { JSX } from "preact";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { formats, words } from "../ui/language.ts";

/** Steps through the pages of a long table. */
export function Pager(
  { page, pages, onPage }: {
    readonly page: number;
    readonly pages: number;
    readonly onPage: (page: number) => void;
  },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const count = formats.value.integer;
  return (
    <nav class="pager" aria-label={t.pages}>
      <button
        type="button"
        class="button"
        disabled={page <= 1}
        onClick={() => onPage(page - 1)}
      >
        {t.previous}
      </button>
      <span aria-live="polite">{t.page(count(page), count(pages))}</span>
      <button
        type="button"
        class="button"
        disabled={page >= pages}
        onClick={() => onPage(page + 1)}
      >
        {t.next}
      </button>
    </nav>
  );
}
