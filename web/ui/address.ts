/**
 * Changes the query of the page's address in place: what a visitor sees is in
 * the link they send, and going back leaves the page, not its last sorting.
 */
export function updateAddress(change: (query: URLSearchParams) => void): void {
  const url = new URL(location.href);
  change(url.searchParams);
  // Readable links: these need no escape in a query.
  url.search = url.searchParams.toString()
    .replaceAll("%2C", ",").replaceAll("%3B", ";");
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}
