import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { commonWords } from "../i18n/language.ts";
import { formats, words } from "./language.ts";

/** A few choices side by side, of which one is chosen. */
export function Segmented<T extends string>(
  { label, name, options, value, onChange }: {
    /** For screen readers. */
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

/** Buttons for the pages of a long table. */
export function Pager(
  { label, page, pages, onPage }: {
    /** For screen readers. */
    readonly label: string;
    readonly page: number;
    readonly pages: number;
    readonly onPage: (page: number) => void;
  },
): JSX.Element {
  const t = words(commonWords).pager;
  const count = formats.value.integer;
  return (
    <nav class="pager" aria-label={label}>
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
 * Keeps the order of a list while it has the pointer or the focus. It shows the
 * latest list when they leave, or at once when `reason` changes, because then
 * the visitor asked for it. Meanwhile `update` gets the shown and the latest
 * list and returns what to show.
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

/** For `useHold`: shown items keep their places and get new figures. */
export function inPlace<T>(key: (item: T) => string) {
  return (shown: readonly T[], latest: readonly T[]): readonly T[] => {
    const news = new Map(latest.map((item) => [key(item), item]));
    return shown.map((item) => news.get(key(item)) ?? item);
  };
}
