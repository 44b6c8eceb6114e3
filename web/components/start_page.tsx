import { type JSX, render } from "preact";
import type { SwarmEvent } from "../../protocol/views.ts";
import {
  browserAfter,
  browserEvents,
  type Connection,
  follow,
  sharedEvents,
} from "../live.ts";
import { startLanguage } from "./language.ts";

/** Renders a page into its document. */
export function showPage(view: () => JSX.Element): void {
  const root = document.querySelector("#app");
  if (root === null) {
    throw new Error("the page has no element to render into: #app");
  }
  startLanguage();
  root.replaceChildren();
  render(view(), root);
}

const browser = { random: Math.random, after: browserAfter };

/** Renders a page that follows the coordinator. */
export function startPage({ eventsUrl, view, ...page }: {
  readonly eventsUrl: string;
  readonly view: () => JSX.Element;
  refresh(): Promise<void>;
  onConnection(connection: Connection): void;
  onEvent?(event: SwarmEvent): void;
  /** Milliseconds in which all events together cause one fetch. */
  readonly gather?: number;
}): void {
  follow({
    onEvent: () => {},
    ...page,
    ...browser,
    openEvents: sharedEvents(browserEvents(eventsUrl), eventsUrl, {
      ...browser,
      openChannel,
    }),
    document,
  });
  showPage(view);
}

/** Null where the browser forbids it, as Firefox does that blocks all cookies. */
function openChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

/** The absolute URL of an `asset:…` in the page's head. */
export function assetAddress(name: string): string {
  const meta = document.querySelector<HTMLMetaElement>(
    `meta[name="asset:${name}"]`,
  );
  if (meta === null) {
    throw new Error(`the page has no asset with this name: ${name}`);
  }
  return new URL(meta.content, location.href).href;
}
