import type { JSX } from "preact";
import { formats } from "./language.ts";

/** What a pager says. */
interface PagerWords {
  readonly pages: string;
  readonly page: (page: string, pages: string) => string;
  readonly previous: string;
  readonly next: string;
}

/** Steps through the pages of a long table. */
export function Pager(
  { t, page, pages, onPage }: {
    readonly t: PagerWords;
    readonly page: number;
    readonly pages: number;
    readonly onPage: (page: number) => void;
  },
): JSX.Element {
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
