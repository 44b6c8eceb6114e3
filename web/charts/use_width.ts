import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

/**
 * The width of an element in CSS pixels, followed as it changes: charts are
 * drawn at their true size, so that their text is as large as the page's.
 */
export function useWidth<T extends HTMLElement>(
  usual: number,
): [RefObject<T | null>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(usual);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => setWidth(Math.max(120, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}
