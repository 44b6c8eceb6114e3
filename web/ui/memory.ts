/**
 * Small things a browser remembers between visits. Where storage is blocked
 * or full the pages work all the same, and forget.
 */

/** Null where nothing is remembered. */
export function readMemory(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeMemory(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Forgotten at the next visit.
  }
}
