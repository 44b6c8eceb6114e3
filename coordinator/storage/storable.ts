/** Text as PostgreSQL can keep it: it knows no NUL and no half of a pair. */
export function storable(text: string): string;
export function storable(text: string | null): string | null;
export function storable(text: string | null): string | null {
  return text?.toWellFormed().replaceAll("\0", "\ufffd") ?? null;
}
