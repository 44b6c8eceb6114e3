import type { StudyId, TrialId } from "../protocol/ids.ts";
import type { SwarmEvent } from "../protocol/views.ts";

/** Runs something once after so many milliseconds; call to cancel. */
export type Schedule = (milliseconds: number, run: () => void) => () => void;

export interface EventHubOptions {
  readonly schedule: Schedule;
  /** Streams open at once; more are refused. */
  readonly maxStreams: number;
  /** Milliseconds over which events are gathered. */
  readonly interval?: number;
  /** Milliseconds between the comments that keep a silent stream open. */
  readonly keepAlive?: number;
}

/** Fans out what happens in the swarm to the pages that are open. */
export interface EventHub {
  publish(event: SwarmEvent): void;
  /** A stream of server-sent events as UTF-8; null: too many are open. */
  open(): ReadableStream<Uint8Array<ArrayBuffer>> | null;
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
type EpochEvent = Extract<SwarmEvent, { type: "epoch" }>;

/**
 * Gathers events over a short interval and sends each study's last revision and
 * each trial's last epoch once, so that a burst of results costs an open page
 * a few requests a second and no more.
 */
export function createEventHub(
  { schedule, maxStreams, interval = 250, keepAlive = 15_000 }: EventHubOptions,
): EventHub {
  const encoder = new TextEncoder();
  const open = new Set<Stream>();
  /** Latest of each study ever told: what a page that comes later starts by. */
  const latest = new Map<StudyId, number>();
  const changed = new Set<StudyId>();
  const epochs = new Map<TrialId, EpochEvent>();
  let cancelFlush: (() => void) | null = null;
  let cancelComment: (() => void) | null = null;
  let closed = false;

  function send(text: string): void {
    const chunk = encoder.encode(text);
    for (const stream of open) {
      if ((stream.desiredSize ?? 0) <= 0) {
        drop(stream);
        stream.error(new Error("the client reads too slowly"));
      } else stream.enqueue(chunk);
    }
  }

  function drop(stream: Stream): void {
    open.delete(stream);
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

    open() {
      if (closed || open.size >= maxStreams) return null;
      let mine: Stream;
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(controller) {
          mine = controller;
          open.add(controller);
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
      for (const stream of open) stream.close();
      open.clear();
    },
  };
}

function toText(event: SwarmEvent): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}
