import { type JSX, render } from "preact";

import type { SwarmEvent } from "../../coordinator/protocol/views.ts";
import {
  browserAfter,
  browserEvents,
  type Connection,
  follow,
} from "../live.ts";
import { startLanguage } from "./language.ts";

/** Puts a live page into a browser's window. */
export function startPage(page: {
  readonly eventsUrl: string;
  readonly view: () => JSX.Element;
  refresh(): Promise<void>;
  onConnection(connection: Connection): void;
  onEvent(event: SwarmEvent): void;
}): void {
  const root = document.querySelector("#app");
  if (root === null) throw new Error("the page has no #app to render into");
  startLanguage();
  follow({
    openEvents: browserEvents(page.eventsUrl),
    refresh: page.refresh,
    onConnection: page.onConnection,
    onEvent: page.onEvent,
    document,
    random: Math.random,
    after: browserAfter,
  });
  root.replaceChildren();
  render(page.view(), root);
}
