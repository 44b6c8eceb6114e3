import type { StudyId, TrialId } from "../../protocol/ids.ts";
import type { SwarmEvent } from "../../protocol/views.ts";

/** Runs something once after so many milliseconds; call to cancel. */
export type Schedule = (milliseconds: number, run: () => void) => () => void;

export interface EventHubOptions {
  readonly schedule: Schedule;
  /** Streams open at once; more are refused. */
  readonly maxStreams: number;
  /** Streams open at once for one caller. Default: as many as for all. */
  readonly maxStreamsEach?: number;
  /** Milliseconds over which events are gathered. */
  readonly interval?: number;
  /** Milliseconds between the comments that keep a silent stream open. */
  readonly keepAlive?: number;
  /**
   * Comments after which a stream is ended, so that one whose reader is gone
   * without a word is not kept for ever; pages come back by themselves.
   */
  readonly maxComments?: number;
}

/** Fans out what happens in the swarm to the pages that are open. */
export interface EventHub {
  publish(event: SwarmEvent): void;
  /**
   * A stream of server-sent events as UTF-8; null: too many are open.
   *
   * @param caller Whose streams are counted together; null: not counted.
   */
  open(caller?: string | null): ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Streams open now. */
  readonly streams: number;
  /** Ends every stream and opens no more. */
  close(): void;
}

/** Chunks that wait for a client before it is dropped as too slow. */
const MAX_WAITING = 32;

/** Trials whose epochs are told in one interval; the others show up later. */
const MAX_EPOCHS = 100;

type Stream = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
interface Opened {
  readonly caller: string | null;
  comments: number;
  readonly most: number;
}
type EpochEvent = Extract<SwarmEvent, { type: "epoch" }>;

/**
 * Gathers events over a short interval and sends each study's last revision and
 * each trial's last epoch once, so that a burst of results costs an open page
 * a few requests a second and no more.
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
  /** By the comments it has had. */
  const open = new Map<Stream, Opened>();
  const byCaller = new Map<string, number>();
  let opened = 0;
  /** Latest of each study ever told: what a page that comes later starts by. */
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
          // Spread over half as long again: after a restart all come at once.
          const most = maxComments * (1 + (opened++ % 16) / 32);
          open.set(controller, { caller, comments: 0, most });
          const known = [...latest.keys()].map(changedEvent).map(toText);
          // Milliseconds after which the page tries again when cut off.
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
