import { SwarmEvent } from "../protocol/views.ts";

/**
 * How a page follows the coordinator: server-sent events say that something
 * changed, the page fetches what it shows again. Without events it polls.
 */

export type Connection =
  /** Nothing has come yet. */
  | "connecting"
  /** Events arrive. */
  | "live"
  /** No events, but fetching works. */
  | "polling"
  /** Neither. */
  | "offline";

/** What {@linkcode follow} needs of the browser; tests bring their own. */
export interface LiveDeps {
  /** Opens the stream of events; called again after a break. */
  readonly openEvents: OpenEvents;
  /** Fetches what the page shows; throws where that fails. */
  refresh(): Promise<void>;
  onConnection(connection: Connection): void;
  onEvent(event: SwarmEvent): void;
  /** Tells when the page comes into view or goes; absent: always in view. */
  readonly document?: Pick<
    Document,
    "visibilityState" | "addEventListener" | "removeEventListener"
  >;
  /** Numbers in [0, 1) that spread many pages' returns. */
  random(): number;
  readonly after: After;
  /** Milliseconds within which events cost one fetch. Default 800. */
  readonly gather?: number;
}

/** Runs `run` once after so many milliseconds, unless cancelled. */
export type After = (milliseconds: number, run: () => void) => () => void;

export const browserAfter: After = (milliseconds, run) => {
  const timer = globalThis.setTimeout(run, milliseconds);
  return () => globalThis.clearTimeout(timer);
};

/** What happens on a stream of events. */
export interface EventHandlers {
  opened(): void;
  /** It could not be opened, or broke off: it is closed now. */
  broken(): void;
  message(data: unknown): void;
}

/** Opens server-sent events; returns what closes them. */
export type OpenEvents = (handlers: EventHandlers) => () => void;

/** The browser's `EventSource`. It does not reconnect by itself: we do. */
export function browserEvents(url: string): OpenEvents {
  return (handlers) => {
    const source = new EventSource(url);
    source.onopen = handlers.opened;
    source.onerror = () => {
      source.close();
      handlers.broken();
    };
    const take = (message: MessageEvent<unknown>) =>
      handlers.message(message.data);
    source.onmessage = take;
    // Named or not, an event's data says its type.
    for (const type of ["changed", "epoch"]) {
      source.addEventListener(type, take);
    }
    return () => source.close();
  };
}

const GATHER_MS = 800;
const POLL_MS = 5_000;
/** Also with events: a stream that died in silence must not fool the page. */
const LIVE_POLL_MS = 60_000;
const REOPEN_MS = [1_000, 2_000, 5_000, 10_000, 30_000] as const;

/** Follows the coordinator until the returned function is called. */
export function follow(deps: LiveDeps): () => void {
  const { after, gather = GATHER_MS } = deps;
  let connection: Connection = "connecting";
  let closeEvents = () => {};
  let streaming = false;
  let failures = 0;
  let ended = false;
  let fetching = false;
  /** Something changed since the last fetch began. */
  let stale = false;
  let cancelFetch = () => {};
  let cancelOpen = () => {};

  const show = (next: Connection) => {
    if (next === connection || ended) return;
    connection = next;
    deps.onConnection(next);
  };
  const hidden = () => deps.document?.visibilityState === "hidden";

  const schedule = (delay: number) => {
    cancelFetch();
    if (!ended) cancelFetch = after(delay, () => void fetchNow());
  };
  const fetchNow = async () => {
    cancelFetch();
    if (fetching || ended) return;
    // A hidden page looks again once it is seen.
    if (hidden() && connection !== "connecting") {
      stale = true;
      return;
    }
    fetching = true;
    stale = false;
    let fetched = true;
    try {
      await deps.refresh();
    } catch {
      fetched = false;
    }
    fetching = false;
    show(!fetched ? "offline" : streaming ? "live" : "polling");
    // `stale` was set anew if something changed while the answer travelled.
    schedule(
      fetched && stale ? gather : fetched && streaming ? LIVE_POLL_MS : POLL_MS,
    );
  };
  const changed = () => {
    // The first change starts the wait; those within it ride along.
    if (!stale) schedule(gather);
    stale = true;
  };

  const open = () => {
    if (ended) return;
    closeEvents = deps.openEvents({
      opened: () => {
        failures = 0;
        streaming = true;
        // What happened before the stream opened sent no event.
        void fetchNow();
      },
      broken: () => {
        streaming = false;
        const last = REOPEN_MS.length - 1;
        const wait = REOPEN_MS[Math.min(failures, last)] ?? 1_000;
        failures += 1;
        cancelOpen();
        cancelOpen = after(wait * (0.5 + deps.random()), open);
        void fetchNow();
      },
      message: (data) => {
        const event = readEvent(data);
        if (event === null) return;
        deps.onEvent(event);
        if (event.type === "changed") changed();
      },
    });
  };

  const seen = () => {
    if (!hidden() && stale) void fetchNow();
  };
  deps.document?.addEventListener("visibilitychange", seen);
  void fetchNow();
  open();
  return () => {
    ended = true;
    cancelFetch();
    cancelOpen();
    closeEvents();
    deps.document?.removeEventListener("visibilitychange", seen);
  };
}

/** Reads an event's data; null for one this page does not know. */
export function readEvent(data: unknown): SwarmEvent | null {
  if (typeof data !== "string") return null;
  try {
    const parsed = SwarmEvent.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
