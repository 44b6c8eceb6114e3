import { useLayoutEffect, useRef, useState } from "preact/hooks";

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
