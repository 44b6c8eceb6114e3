/** Answers kept at once at most: strangers choose what is asked. */
const MOST_KEPT = 100;

/**
 * Keeps what was made for a moment, so that many pages which ask the same at
 * once cost one reading. Who asks while it is made waits for it.
 *
 * @param milliseconds For which it is handed out; 0: it is made for each.
 * @param now Milliseconds of any clock that only goes forward.
 */
export function createFresh<T>(
  milliseconds: number,
  now: () => number,
): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, { value: Promise<T>; until: number }>();
  return (key, make) => {
    if (milliseconds <= 0) return make();
    const known = kept.get(key);
    if (known !== undefined && now() < known.until) return known.value;
    kept.delete(key);
    const value = make();
    const entry = { value, until: now() + milliseconds };
    kept.set(key, entry);
    value.catch(() => {
      if (kept.get(key) === entry) kept.delete(key);
    });
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    return value;
  };
}
