import assert from "node:assert/strict";
import {
  type Connection,
  type EventHandlers,
  follow,
  readEvent,
  sharedEvents,
} from "./live.ts";

/** Time that goes on only when a test says so. */
function fakeTime() {
  const timers: { at: number; run: () => void }[] = [];
  let now = 0;
  const after = (milliseconds: number, run: () => void) => {
    const timer = { at: now + milliseconds, run };
    timers.push(timer);
    return () => {
      const at = timers.indexOf(timer);
      if (at >= 0) timers.splice(at, 1);
    };
  };
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
  return { timers, after, settle, advance };
}

function harness() {
  const { timers, after, settle, advance } = fakeTime();
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
    after,
  });
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
  assert.deepEqual(h.connections, []);
  h.last().opened();
  await h.settle();
  assert.deepEqual(h.connections, ["live"]);
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

Deno.test("follow says that it polls when no stream opens, nor breaks", async () => {
  const h = harness();
  await h.advance(4_999);
  assert.deepEqual(h.connections, []);
  await h.advance(1);
  assert.deepEqual(h.connections, ["polling"]);
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

/** Pages of one browser; what one tells the others arrives 5 ms later. */
function sharing() {
  const { after, advance, timers } = fakeTime();
  const channels = new Set<
    { onmessage: ((event: MessageEvent) => void) | null }
  >();
  const streams: (EventHandlers & { closed: boolean })[] = [];
  const page = (random: number) => {
    const log: unknown[] = [];
    const state = { crashed: false };
    const own: { onmessage: ((event: MessageEvent) => void) | null } = {
      onmessage: null,
    };
    const open = sharedEvents(
      (handlers) => {
        const stream = { ...handlers, closed: false };
        streams.push(stream);
        return () => stream.closed = true;
      },
      "/api/events",
      {
        random: () => random,
        after: (milliseconds, run) =>
          after(milliseconds, () => state.crashed || run()),
        openChannel: () => {
          channels.add(own);
          return Object.assign(own, {
            postMessage: (data: unknown) => {
              assert.ok(channels.has(own), "the channel is closed");
              for (const other of channels) {
                if (other === own) continue;
                after(5, () => {
                  if (!channels.has(other)) return;
                  other.onmessage?.(new MessageEvent("message", { data }));
                });
              }
            },
            close: () => void channels.delete(own),
          });
        },
      },
    );
    const leave = open({
      opened: () => log.push("opened"),
      broken: () => log.push("broken"),
      message: (data) => log.push(data),
    });
    const crash = () => {
      state.crashed = true;
      channels.delete(own);
    };
    return { log, leave, crash };
  };
  /** The only stream that is open. */
  const stream = () => {
    const [one, ...more] = streams.filter(({ closed }) => !closed);
    assert.ok(one !== undefined && more.length === 0, "not one open stream");
    return one;
  };
  return { streams, stream, page, advance, timers };
}

Deno.test("sharedEvents opens one stream for all pages, and passes its events on", async () => {
  const { streams, stream, page, advance } = sharing();
  const pages = [page(0.1), page(0.2)];
  await advance(1_000);
  pages.push(page(0.3));
  stream().opened();
  await advance(1_000);
  pages.push(page(0));
  await advance(60_000);
  stream().message("news");
  await advance(1_000);
  for (const { log } of pages) assert.deepEqual(log, ["opened", "news"]);
  assert.equal(streams.length, 1);
});

Deno.test("sharedEvents: when the page with the stream leaves, another opens one, and every page fetches again", async () => {
  const { streams, stream, page, advance } = sharing();
  const [first, second, third, fourth] = [
    page(0.1),
    page(0.2),
    page(0.3),
    page(0.4),
  ];
  await advance(1_000);
  stream().opened();
  await advance(1_000);
  second.leave();
  first.leave();
  first.leave();
  await advance(1_000);
  assert.deepEqual(streams.map(({ closed }) => closed), [true, false]);
  stream().opened();
  stream().message("news");
  await advance(1_000);
  for (const { log } of [third, fourth]) {
    assert.deepEqual(log, ["opened", "opened", "news"]);
  }
  assert.deepEqual(second.log, ["opened"]);
});

Deno.test("sharedEvents: when the page with the stream crashes, another opens one", async () => {
  const { streams, stream, page, advance } = sharing();
  const [first, second] = [page(0.1), page(0.2)];
  await advance(1_000);
  stream().opened();
  await advance(1_000);
  first.crash();
  stream().closed = true;
  await advance(60_000);
  assert.equal(streams.length, 2);
  stream().opened();
  stream().message("news");
  assert.deepEqual(second.log, ["opened", "opened", "news"]);
});

Deno.test("sharedEvents: of two pages with a stream, one closes its own", async () => {
  const { streams, stream, page, advance } = sharing();
  // Neither hears the other in time.
  const pages = [page(0.5), page(0.51)];
  await advance(152);
  assert.equal(streams.length, 2);
  for (const one of streams) one.opened();
  await advance(1_000);
  assert.deepEqual(streams.map(({ closed }) => closed), [false, true]);
  stream().message("news");
  await advance(1_000);
  for (const { log } of pages) assert.equal(log.at(-1), "news");
});

Deno.test("sharedEvents tells every page that the stream broke", async () => {
  const { streams, stream, page, advance, timers } = sharing();
  const pages = [page(0.1), page(0.2)];
  await advance(1_000);
  stream().opened();
  await advance(1_000);
  pages.push(page(0.3));
  await advance(1_000);
  stream().broken();
  await advance(1_000);
  for (const { log } of pages) assert.deepEqual(log, ["opened", "broken"]);
  assert.equal(timers.length, 0);
  streams.forEach((one) => one.closed = true);
  const again = page(0.4);
  await advance(1_000);
  stream().opened();
  assert.deepEqual(again.log, ["opened"]);
});

Deno.test("sharedEvents opens a page's own stream where pages cannot talk", () => {
  let streams = 0;
  const open = sharedEvents(
    () => {
      streams += 1;
      return () => streams -= 1;
    },
    "/api/events",
    {
      openChannel: () => null,
      random: () => 0.5,
      after: () => assert.fail("it waits"),
    },
  );
  const leave = open({ opened() {}, broken() {}, message() {} });
  assert.equal(streams, 1);
  leave();
  assert.equal(streams, 0);
});
