import assert from "node:assert/strict";
import {
  type Connection,
  type EventHandlers,
  follow,
  readEvent,
  sharedEvents,
} from "./live.ts";

function harness() {
  const timers: { at: number; run: () => void }[] = [];
  let now = 0;
  const streams: (EventHandlers & { closed: boolean })[] = [];
  const connections: Connection[] = [];
  const events: string[] = [];
  const state = {
    fetches: 0,
    failing: false,
    hidden: false,
    /** Fetches wait for this. */
    answer: Promise.resolve(),
  };
  class Page extends EventTarget {
    get visibilityState() {
      return state.hidden ? "hidden" as const : "visible" as const;
    }
  }
  const page = new Page();
  const stop = follow({
    openEvents: (handlers) => {
      const stream = { ...handlers, closed: false };
      streams.push(stream);
      return () => stream.closed = true;
    },
    refresh: async () => {
      state.fetches += 1;
      await state.answer;
      if (state.failing) throw new Error("away");
    },
    onConnection: (connection) => connections.push(connection),
    onEvent: (event) => events.push(event.type),
    document: page,
    random: () => 0.5,
    after: (milliseconds, run) => {
      const timer = { at: now + milliseconds, run };
      timers.push(timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at >= 0) timers.splice(at, 1);
      };
    },
  });
  /** Lets settled promises run their callbacks. */
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const advance = async (milliseconds: number) => {
    const end = now + milliseconds;
    await settle();
    for (;;) {
      timers.sort((a, b) => a.at - b.at);
      const next = timers[0];
      if (next === undefined || next.at > end) break;
      timers.shift();
      now = next.at;
      next.run();
      await settle();
    }
    now = end;
  };
  const last = () => {
    const stream = streams.at(-1);
    assert.ok(stream !== undefined, "no stream was opened");
    return stream;
  };
  return {
    state,
    connections,
    events,
    streams,
    page,
    advance,
    settle,
    stop,
    last,
    timers,
  };
}

const changed = (revision: number) =>
  JSON.stringify({ type: "changed", studyId: "seed", revision });

Deno.test("follow is live when the stream opens, and fetches once for many events", async () => {
  const h = harness();
  await h.settle();
  assert.deepEqual(h.connections, ["polling"]);
  h.last().opened();
  await h.settle();
  assert.deepEqual(h.connections, ["polling", "live"]);
  const before = h.state.fetches;
  for (let i = 0; i < 1000; i++) h.last().message(changed(i));
  await h.advance(5_000);
  assert.equal(h.state.fetches, before + 1);
  assert.equal(h.events.length, 1000);
  h.stop();
  assert.equal(h.timers.length, 0);
  assert.ok(h.last().closed);
});

Deno.test("follow polls without events and opens the stream again", async () => {
  const h = harness();
  await h.settle();
  h.last().broken();
  await h.advance(900);
  assert.equal(h.streams.length, 1);
  await h.advance(200);
  assert.equal(h.streams.length, 2);
  const before = h.state.fetches;
  await h.advance(20_000);
  assert.equal(h.state.fetches, before + 4);
  h.last().opened();
  await h.settle();
  assert.equal(h.connections.at(-1), "live");
  h.stop();
});

Deno.test("follow is offline when fetching fails, and recovers", async () => {
  const h = harness();
  await h.settle();
  h.state.failing = true;
  h.last().broken();
  await h.settle();
  assert.equal(h.connections.at(-1), "offline");
  h.state.failing = false;
  await h.advance(5_000);
  assert.equal(h.connections.at(-1), "polling");
  h.stop();
});

Deno.test("follow waits longer after each broken stream", async () => {
  const h = harness();
  const opened: number[] = [];
  for (const wait of [1_000, 2_000, 5_000, 10_000, 30_000, 30_000]) {
    h.last().broken();
    await h.advance(wait - 1);
    opened.push(h.streams.length);
    await h.advance(1);
  }
  assert.deepEqual(opened, [1, 2, 3, 4, 5, 6]);
  assert.equal(h.streams.length, 7);
  h.stop();
});

Deno.test("follow fetches nothing while hidden, and at once when visible", async () => {
  const h = harness();
  await h.settle();
  h.last().opened();
  await h.settle();
  h.state.hidden = true;
  const before = h.state.fetches;
  h.page.dispatchEvent(new Event("visibilitychange"));
  assert.ok(h.last().closed, "the stream is open");
  await h.advance(600_000);
  assert.equal(h.state.fetches, before);
  assert.equal(h.streams.length, 1);
  h.state.hidden = false;
  h.page.dispatchEvent(new Event("visibilitychange"));
  await h.settle();
  assert.equal(h.state.fetches, before + 1);
  assert.equal(h.streams.length, 2);
  h.last().opened();
  await h.settle();
  assert.equal(h.connections.at(-1), "live");
  h.stop();
});

Deno.test("follow fetches again after a change during a fetch", async () => {
  const h = harness();
  await h.settle();
  const slow = Promise.withResolvers<void>();
  h.state.answer = slow.promise;
  h.last().opened();
  await h.settle();
  const before = h.state.fetches;
  h.last().message(changed(1));
  await h.advance(10_000);
  assert.equal(h.state.fetches, before, "no second fetch beside the first");
  slow.resolve();
  await h.advance(1_000);
  assert.equal(h.state.fetches, before + 1);
  h.stop();
});

Deno.test("readEvent returns null for anything but an event", () => {
  assert.equal(readEvent("{"), null);
  assert.equal(readEvent('{"type":"other"}'), null);
  assert.equal(readEvent(7), null);
  assert.deepEqual(readEvent(changed(3)), {
    type: "changed",
    studyId: "seed",
    revision: 3,
  });
});

/** Browser pages that share one lock and one channel. */
function sharing() {
  const ports = new Set<
    { onmessage: ((event: MessageEvent) => void) | null }
  >();
  const waiting: (() => void)[] = [];
  let held = false;
  const next = () => {
    held = false;
    waiting.shift()?.();
  };
  const locks = {
    request: async (
      _name: string,
      { signal }: LockOptions,
      run: () => Promise<void>,
    ) => {
      await new Promise<void>((resolve, reject) => {
        const take = () => {
          held = true;
          resolve();
        };
        if (!held) return take();
        waiting.push(take);
        signal?.addEventListener("abort", () => {
          const at = waiting.indexOf(take);
          if (at >= 0) waiting.splice(at, 1);
          reject(signal.reason);
        });
      });
      await run();
      next();
    },
  };
  const streams: (EventHandlers & { closed: boolean })[] = [];
  const open = sharedEvents(
    (handlers) => {
      const stream = { ...handlers, closed: false };
      streams.push(stream);
      return () => stream.closed = true;
    },
    "/api/events",
    {
      locks: locks as LockManager,
      openChannel: () => {
        const port: {
          onmessage: ((event: MessageEvent) => void) | null;
        } = { onmessage: null };
        ports.add(port);
        return Object.assign(port, {
          postMessage: (data: unknown) => {
            for (const other of ports) {
              if (other !== port) {
                other.onmessage?.(new MessageEvent("message", { data }));
              }
            }
          },
          close: () => void ports.delete(port),
        });
      },
    },
  );
  const page = () => {
    const log: unknown[] = [];
    const leave = open({
      opened: () => log.push("opened"),
      broken: () => log.push("broken"),
      message: (data) => log.push(data),
    });
    return { log, leave };
  };
  return { streams, page };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("sharedEvents opens one stream for all pages, and passes its events on", async () => {
  const { streams, page } = sharing();
  const first = page();
  await turn();
  const second = page();
  streams[0]?.opened();
  const third = page();
  streams[0]?.message("news");
  await turn();
  assert.equal(streams.length, 1);
  for (const { log } of [first, second, third]) {
    assert.deepEqual(log, ["opened", "news"]);
  }
});

Deno.test("sharedEvents: when the page with the stream leaves, another opens one", async () => {
  const { streams, page } = sharing();
  const first = page();
  await turn();
  const second = page();
  const third = page();
  streams[0]?.opened();
  second.leave();
  first.leave();
  await turn();
  assert.deepEqual(streams.map(({ closed }) => closed), [true, false]);
  streams[1]?.message("news");
  assert.deepEqual(third.log, ["opened", "news"]);
  assert.deepEqual(second.log, ["opened"]);
});

Deno.test("sharedEvents tells every page that the stream broke", async () => {
  const { streams, page } = sharing();
  const pages = [page(), page()];
  await turn();
  streams[0]?.opened();
  streams[0]?.broken();
  for (const { log } of pages) assert.deepEqual(log, ["opened", "broken"]);
  const again = page();
  await turn();
  streams[1]?.opened();
  assert.deepEqual(again.log, ["opened"]);
});
