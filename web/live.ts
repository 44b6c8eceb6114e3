import { SwarmEvent } from "../protocol/views.ts";

/**
 * How a page follows the coordinator: when a server-sent event reports a
 * change, the page fetches its data again. Without events it polls.
 */

export type Connection =
  /** There is no answer yet. */
  | "connecting"
  /** Events arrive. */
  | "live"
  /** Events do not arrive, but fetching works. */
  | "polling"
  /** Neither works. */
  | "offline";

/** What {@linkcode follow} needs from the browser; tests use their own. */
export interface LiveDeps {
  /** Opens the stream of events; called again after it broke. */
  readonly openEvents: OpenEvents;
  /** Fetches the page's data; throws if that fails. */
  refresh(): Promise<void>;
  onConnection(connection: Connection): void;
  onEvent(event: SwarmEvent): void;
  /** Reports whether the page is visible. Default: always visible. */
  readonly document?: Pick<
    Document,
    "visibilityState" | "addEventListener" | "removeEventListener"
  >;
  /** A number in [0, 1); it spreads the reconnections of many pages. */
  random(): number;
  readonly after: After;
  /** Milliseconds in which all events cause only one fetch. Default: 800. */
  readonly gather?: number;
}

/** Runs `run` after `milliseconds`, unless the returned function cancels it. */
export type After = (milliseconds: number, run: () => void) => () => void;

export const browserAfter: After = (milliseconds, run) => {
  const timer = globalThis.setTimeout(run, milliseconds);
  return () => globalThis.clearTimeout(timer);
};

/** Callbacks of a stream of events. */
export interface EventHandlers {
  opened(): void;
  /** The stream could not be opened, or it broke; it is closed now. */
  broken(): void;
  message(data: unknown): void;
}

/**
 * Opens a stream of events; returns a function that closes it. A page may be
 * told that the stream opened more than once.
 */
export type OpenEvents = (handlers: EventHandlers) => () => void;

/** Uses `EventSource`, without its reconnections: `follow` reconnects. */
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
    // The data contain the type, so named and unnamed events are equal.
    for (const type of ["changed", "epoch"]) {
      source.addEventListener(type, take);
    }
    return () => source.close();
  };
}

/** What pages of one browser tell each other; `from` is the sender's number. */
type Notice =
  /** Asks which page leads. */
  | { readonly type: "who?" }
  /** The sender has the stream, which is open if `live`. */
  | { readonly type: "leads"; readonly from: number; readonly live: boolean }
  | { readonly type: "message"; readonly from: number; readonly data: unknown }
  /** The sender's stream broke. */
  | { readonly type: "broken"; readonly from: number }
  /** The sender closed its stream: another page may lead. */
  | { readonly type: "left"; readonly from: number };

/** What {@linkcode sharedEvents} needs from the browser. */
export interface Sharing {
  /** Null: pages cannot talk, as where the browser blocks all storage. */
  openChannel(name: string):
    | Pick<BroadcastChannel, "postMessage" | "onmessage" | "close">
    | null;
  /** A number in [0, 1), different for each page. */
  random(): number;
  readonly after: After;
}

/** How long a page waits for a leader's answer before it leads. */
const ELECTION_MS = 100;
const BEAT_MS = 5_000;
/** A leader that was not heard for so long crashed. */
const SILENCE_MS = 15_000;

/**
 * One stream for all visible pages of a browser: over HTTP/1.1 a browser opens
 * six connections to a host, and with a stream each, the seventh page could not
 * even load. One page leads: it opens the stream and passes events on. Web
 * Locks would elect it in fewer words, but browsers withhold them from pages
 * that come over plain HTTP from another machine.
 *
 * Two pages may lead for a moment; then the one with the higher number yields.
 */
export function sharedEvents(
  open: OpenEvents,
  name: string,
  { openChannel, random, after }: Sharing,
): OpenEvents {
  return (handlers) => {
    const channel = openChannel(name);
    if (channel === null) return open(handlers);
    const me = random();
    let leader: number | null = null;
    /** The leader's stream is open. */
    let live = false;
    let ended = false;
    let closeStream = () => {};
    let cancel = () => {};
    const wait = (milliseconds: number, run: () => void) => {
      cancel();
      cancel = after(milliseconds, run);
    };
    const tell = (notice: Notice) => channel.postMessage(notice);
    const beat = () => {
      tell({ type: "leads", from: me, live });
      wait(BEAT_MS, beat);
    };
    const end = (last: "left" | "broken") => {
      if (ended) return;
      ended = true;
      cancel();
      if (leader === me) tell({ type: last, from: me });
      closeStream();
      channel.close();
    };
    const opened = () => {
      live = true;
      handlers.opened();
    };
    const broken = () => {
      end("broken");
      handlers.broken();
    };
    const lead = () => {
      leader = me;
      live = false;
      beat();
      closeStream = open({
        opened: () => {
          opened();
          beat();
        },
        broken,
        message: (data) => {
          tell({ type: "message", from: me, data });
          handlers.message(data);
        },
      });
    };
    const yieldTo = (other: number, itsLive: boolean) => {
      closeStream();
      closeStream = () => {};
      wait(SILENCE_MS * (1 + random()), lead);
      // Between two leaders' streams, events may have been missed.
      if (other !== leader) live = false;
      leader = other;
      if (itsLive && !live) opened();
    };
    channel.onmessage = ({ data }: MessageEvent<Notice>) => {
      switch (data.type) {
        case "who?":
          if (leader === me) beat();
          return;
        case "leads":
          if (leader === me && me < data.from) beat();
          else yieldTo(data.from, data.live);
          return;
        case "message":
          if (data.from === leader) handlers.message(data.data);
          return;
        case "broken":
          if (data.from === leader) broken();
          return;
        case "left":
          if (data.from === leader) wait(ELECTION_MS * random(), lead);
          return;
        default:
          data satisfies never;
      }
    };
    tell({ type: "who?" });
    wait(ELECTION_MS * (1 + random()), lead);
    return () => end("left");
  };
}

const GATHER_MS = 800;
const POLL_MS = 5_000;
/** Polling during a live stream, because a stream can break unnoticed. */
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
  /** The first stream may still open: until then, the page is connecting. */
  let opening = true;
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
    // A hidden page fetches when it becomes visible.
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
    if (!fetched) show("offline");
    else if (streaming) show("live");
    else if (!opening) show("polling");
    opening = false;
    // `stale` is true again if something changed during the fetch.
    schedule(
      fetched && stale ? gather : fetched && streaming ? LIVE_POLL_MS : POLL_MS,
    );
  };
  const changed = () => {
    // The first change starts the delay; later changes share its fetch.
    if (!stale) schedule(gather);
    stale = true;
  };

  const open = () => {
    if (ended || hidden()) return;
    closeEvents = deps.openEvents({
      opened: () => {
        failures = 0;
        opening = false;
        streaming = true;
        // Changes before the stream opened sent no event.
        void fetchNow();
      },
      broken: () => {
        opening = false;
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
    cancelOpen();
    closeEvents();
    closeEvents = () => {};
    streaming = false;
    // A hidden page needs no stream: connections are few.
    if (hidden()) {
      stale = true;
      return;
    }
    if (stale) void fetchNow();
    open();
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

/** Reads an event's data; null for an unknown event. */
export function readEvent(data: unknown): SwarmEvent | null {
  if (typeof data !== "string") return null;
  try {
    const parsed = SwarmEvent.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
