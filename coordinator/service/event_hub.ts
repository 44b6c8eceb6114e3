import type { StudyId, TrialId } from "../../protocol/ids.ts";
import type { SwarmEvent } from "../../protocol/views.ts";

/** Schedules a function once; returns a function that cancels it. */
export type Schedule = (milliseconds: number, run: () => void) => () => void;

export interface EventHubOptions {
  readonly schedule: Schedule;
  /** Streams open at once; more are refused. */
  readonly maxStreams: number;
  /** Streams open at once for one caller. Default: no separate limit. */
  readonly maxStreamsEach?: number;
  /** Milliseconds over which events are collected. */
  readonly interval?: number;
  /** Milliseconds between the comments that keep a silent stream open. */
  readonly keepAlive?: number;
  /**
   * Comments after which a stream is ended, so that a stream whose reader
   * vanished is not kept forever. Pages reconnect by themselves.
   */
  readonly maxComments?: number;
}

/** Sends events of the swarm to all open pages. */
export interface EventHub {
  publish(event: SwarmEvent): void;
  /**
   * Opens a stream of server-sent events as UTF-8; null if too many are open.
   *
   * @param caller Key by which streams are counted; null: not counted.
   */
  open(caller?: string | null): ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Streams open now. */
  readonly streams: number;
  /** Ends every stream and refuses new ones. */
  close(): void;
}

/** Unread chunks after which a client is dropped as too slow. */
const MAX_WAITING = 32;

/** Trials whose epochs are sent in one interval; pages see the others later. */
const MAX_EPOCHS = 100;

type Stream = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
interface Opened {
  readonly caller: string | null;
  comments: number;
  readonly most: number;
}
type EpochEvent = Extract<SwarmEvent, { type: "epoch" }>;

/**
 * Collects events over a short interval and sends only each study's last
 * revision and each trial's last epoch, so that a burst of results causes an
 * open page at most a few requests a second.
 */
export function createEventHub(
  {
    schedule,
    maxStreams,
    maxStreamsEach = maxStreams,
    interval = 250,
    keepAlive = 15_000,
    maxComments = 240,
  }: EventHubOptions,
): EventHub {
  const encoder = new TextEncoder();
  /** Open streams with the number of comments sent to each. */
  const open = new Map<Stream, Opened>();
  const byCaller = new Map<string, number>();
  let opened = 0;
  /** Latest revision of each study, which a new page gets first. */
  const latest = new Map<StudyId, number>();
  const changed = new Set<StudyId>();
  const epochs = new Map<TrialId, EpochEvent>();
  let cancelFlush: (() => void) | null = null;
  let cancelComment: (() => void) | null = null;
  let closed = false;

  function send(text: string): void {
    const chunk = encoder.encode(text);
    for (const stream of open.keys()) {
      if ((stream.desiredSize ?? 0) <= 0) {
        drop(stream);
        stream.error(new Error("the client reads too slowly"));
      } else stream.enqueue(chunk);
    }
  }

  function drop(stream: Stream): void {
    const caller = open.get(stream)?.caller ?? null;
    if (!open.delete(stream)) return;
    if (caller !== null) {
      const others = (byCaller.get(caller) ?? 1) - 1;
      if (others > 0) byCaller.set(caller, others);
      else byCaller.delete(caller);
    }
    if (open.size > 0) return;
    cancelComment?.();
    cancelComment = null;
  }

  function flush(): void {
    cancelFlush = null;
    const events: SwarmEvent[] = [...changed].map(changedEvent);
    events.push(...epochs.values());
    changed.clear();
    epochs.clear();
    send(events.map(toText).join(""));
  }

  function changedEvent(studyId: StudyId): SwarmEvent {
    return { type: "changed", studyId, revision: latest.get(studyId) ?? 0 };
  }

  function comment(): void {
    cancelComment = schedule(keepAlive, () => {
      send(": still here\n\n");
      for (const [stream, mine] of open) {
        if (++mine.comments < mine.most) continue;
        drop(stream);
        stream.close();
      }
      if (open.size > 0) comment();
    });
  }

  return {
    publish(event) {
      if (closed) return;
      switch (event.type) {
        case "changed":
          latest.set(
            event.studyId,
            Math.max(event.revision, latest.get(event.studyId) ?? 0),
          );
          changed.add(event.studyId);
          break;
        case "epoch":
          if (epochs.size < MAX_EPOCHS || epochs.has(event.trialId)) {
            epochs.set(event.trialId, event);
          }
          break;
        default:
          event satisfies never;
      }
      cancelFlush ??= schedule(interval, flush);
    },

    open(caller = null) {
      if (closed || open.size >= maxStreams) return null;
      const others = caller === null ? 0 : byCaller.get(caller) ?? 0;
      if (others >= maxStreamsEach) return null;
      if (caller !== null) byCaller.set(caller, others + 1);
      let mine: Stream;
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(controller) {
          mine = controller;
          // Spread at random over half as long again, because after a restart
          // all pages connect at once.
          const most = maxComments * (1 + (opened++ % 16) / 32);
          open.set(controller, { caller, comments: 0, most });
          const known = [...latest.keys()].map(changedEvent).map(toText);
          // Milliseconds until a page reconnects after a lost connection.
          controller.enqueue(
            encoder.encode(`retry: 3000\n\n${known.join("")}`),
          );
          if (cancelComment === null) comment();
        },
        cancel() {
          drop(mine);
        },
      }, new CountQueuingStrategy({ highWaterMark: MAX_WAITING }));
    },

    get streams() {
      return open.size;
    },

    close() {
      closed = true;
      cancelFlush?.();
      cancelComment?.();
      for (const stream of open.keys()) stream.close();
      open.clear();
      byCaller.clear();
    },
  };
}

function toText(event: SwarmEvent): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
