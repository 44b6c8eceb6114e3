import { type JSX, render } from "preact";
import type { SwarmEvent } from "../../protocol/views.ts";
import {
  browserAfter,
  browserEvents,
  type Connection,
  follow,
} from "../live.ts";
import { startLanguage } from "./language.ts";

/** Puts a page into the browser's window. */
export function showPage(view: () => JSX.Element): void {
  const root = document.querySelector("#app");
  if (root === null) throw new Error("the page has no #app to render into");
  startLanguage();
  root.replaceChildren();
  render(view(), root);
}

/** The same for a page that follows the coordinator. */
export function startPage({ eventsUrl, view, ...page }: {
  readonly eventsUrl: string;
  readonly view: () => JSX.Element;
  refresh(): Promise<void>;
  onConnection(connection: Connection): void;
  onEvent?(event: SwarmEvent): void;
  /** Milliseconds within which events cost one fetch. */
  readonly gather?: number;
}): void {
  follow({
    onEvent: () => {},
    ...page,
    openEvents: browserEvents(eventsUrl),
    document,
    random: Math.random,
    after: browserAfter,
  });
  showPage(view);
}

/** The absolute address of what the page's head names `asset:…`. */
export function assetAddress(name: string): string {
  const meta = document.querySelector<HTMLMetaElement>(
    `meta[name="asset:${name}"]`,
  );
  if (meta === null) throw new Error(`the page names no asset: ${name}`);
  return new URL(meta.content, location.origin).href;
}
