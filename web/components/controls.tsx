import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { formats } from "./language.ts";

/** A few choices side by side, one of them taken. */
export function Segmented<T extends string>(
  { label, name, options, value, onChange }: {
    /** For screen readers; the choices speak for themselves otherwise. */
    readonly label: string;
    readonly name: string;
    readonly options: readonly { readonly value: T; readonly label: string }[];
    readonly value: T;
    readonly onChange: (value: T) => void;
  },
): JSX.Element {
  return (
    <fieldset class="segmented">
      <legend class="hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

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

/**
 * Keeps a list as it is while somebody points at it or has the keyboard's
 * focus in it, and takes the latest once they leave, or at once when `reason`
 * changes: then it was they who asked. What is held is still brought up to
 * date: `update` gets the shown list and the latest.
 */
export function useHold<T>(
  latest: T,
  reason: string,
  update: (shown: T, latest: T) => T,
) {
  const shown = useRef(latest);
  const lastReason = useRef(reason);
  const [pointing, setPointing] = useState(false);
  const [focused, setFocused] = useState(false);
  const holding = (pointing || focused) && lastReason.current === reason;
  const list = holding ? update(shown.current, latest) : latest;
  useLayoutEffect(() => {
    shown.current = list;
    lastReason.current = reason;
  });
  const props = {
    onPointerEnter: () => setPointing(true),
    onPointerLeave: () => setPointing(false),
    onFocusIn: () => setFocused(true),
    onFocusOut: () => setFocused(false),
  };
  return [list, holding, props] as const;
}

/** For `useHold`: what is shown stays in its place, with its latest figures. */
export function inPlace<T>(key: (item: T) => string) {
  return (shown: readonly T[], latest: readonly T[]): readonly T[] => {
    const news = new Map(latest.map((item) => [key(item), item]));
    return shown.map((item) => news.get(key(item)) ?? item);
  };
}
