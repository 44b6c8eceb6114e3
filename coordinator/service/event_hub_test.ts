import assert from "node:assert/strict";
import { TrialId } from "../../protocol/ids.ts";
import { createEventHub } from "./event_hub.ts";
import { epochMetrics, fakeClock, seed } from "../../testing/lease/fixtures.ts";

const trialId = (n: number) => TrialId.parse(`trial-${n}`);

function epochOf(n: number, epoch: number) {
  return {
    type: "epoch",
    trialId: trialId(n),
    params: { dropout1: 0.2, dropout2: 0.5 },
    replicate: 0,
    metrics: epochMetrics(epoch),
  } as const;
}

const changed = (revision: number) =>
  ({ type: "changed", studyId: seed, revision }) as const;

function setUp(maxStreams = 3) {
  const clock = fakeClock();
  const hub = createEventHub({ schedule: clock.schedule, maxStreams });
  function listen() {
    const reader = hub.open()?.getReader();
    assert.ok(reader);
    return {
      reader,
      /** The next chunk as text. */
      async next(): Promise<string> {
        const { value } = await reader.read();
        return new TextDecoder().decode(value);
      },
    };
  }
  return { clock, hub, listen };
}

Deno.test("createEventHub: sends a burst as one message with the last revision", async () => {
  const { clock, hub, listen } = setUp();
  const page = listen();
  assert.equal(await page.next(), "retry: 3000\n\n");
  for (let revision = 1; revision <= 100; revision++) {
    hub.publish(changed(revision));
  }
  // Out of order, as two concurrent calls may finish.
  hub.publish(changed(99));
  clock.advance(250);
  assert.equal(
    await page.next(),
    'data: {"type":"changed","studyId":"seed","revision":100}\n\n',
  );
});

Deno.test("createEventHub: at most four messages a second", async () => {
  const { clock, hub, listen } = setUp();
  const page = listen();
  await page.next();
  let revision = 0;
  for (let tick = 0; tick < 100; tick++) {
    hub.publish(changed(++revision));
    clock.advance(10);
  }
  hub.close();
  let messages = 0;
  while (!(await page.reader.read()).done) messages++;
  assert.ok(messages >= 3 && messages <= 4, String(messages));
});

Deno.test("createEventHub: sends only a trial's last epoch", async () => {
  const { clock, hub, listen } = setUp();
  const page = listen();
  await page.next();
  hub.publish(epochOf(1, 1));
  hub.publish(epochOf(2, 1));
  hub.publish(epochOf(1, 2));
  clock.advance(250);
  const told = (await page.next()).trim().split("\n\n")
    .map((line) => JSON.parse(line.slice("data: ".length)));
  assert.deepEqual(told, [epochOf(1, 2), epochOf(2, 1)]);
});

Deno.test("createEventHub: sends only some epochs of a huge swarm", async () => {
  const { clock, hub, listen } = setUp();
  const page = listen();
  await page.next();
  for (let n = 0; n < 1000; n++) hub.publish(epochOf(n, 1));
  clock.advance(250);
  assert.equal((await page.next()).trim().split("\n\n").length, 100);
});

Deno.test("createEventHub: a new page first gets the known revisions", async () => {
  const { clock, hub, listen } = setUp();
  hub.publish(changed(7));
  clock.advance(250);
  assert.equal(
    await listen().next(),
    'retry: 3000\n\ndata: {"type":"changed","studyId":"seed","revision":7}\n\n',
  );
});

Deno.test("createEventHub: sends regular comments on a silent stream", async () => {
  const { clock, listen } = setUp();
  const page = listen();
  await page.next();
  clock.advance(15_000);
  assert.equal(await page.next(), ": still here\n\n");
  clock.advance(15_000);
  assert.equal(await page.next(), ": still here\n\n");
});

Deno.test("createEventHub: drops a client that does not read and keeps the others", async () => {
  const { clock, hub, listen } = setUp();
  const slow = listen();
  const quick = listen();
  await quick.next();
  for (let revision = 1; revision <= 40; revision++) {
    hub.publish(changed(revision));
    clock.advance(250);
    await quick.next();
  }
  assert.equal(hub.streams, 1);
  await assert.rejects(slow.reader.read(), /reads too slowly/);
});

Deno.test("createEventHub: limits the streams; a closed one allows another", async () => {
  const { hub } = setUp(2);
  const first = hub.open();
  hub.open();
  assert.equal(hub.open(), null);
  await first?.cancel();
  assert.equal(hub.streams, 1);
  assert.ok(hub.open());
});

Deno.test("createEventHub close: ends streams, timers and publishing", async () => {
  const { clock, hub, listen } = setUp();
  const page = listen();
  await page.next();
  hub.publish(changed(1));
  hub.close();
  hub.publish(changed(2));
  clock.advance(60_000);
  assert.equal((await page.reader.read()).done, true);
  assert.equal(hub.open(), null);
  assert.equal(hub.streams, 0);
});

Deno.test("createEventHub: limits the streams of one caller", async () => {
  const { schedule } = fakeClock();
  const hub = createEventHub({ schedule, maxStreams: 4, maxStreamsEach: 2 });
  const first = hub.open("a");
  assert.ok(first && hub.open("a"));
  assert.equal(hub.open("a"), null);
  assert.ok(hub.open("b") && hub.open(null));
  assert.equal(hub.open(null), null, "the limit for all callers");
  await first.cancel();
  assert.ok(hub.open("a"));
  hub.close();
});

Deno.test("createEventHub: ends a stream after a while", async () => {
  const clock = fakeClock();
  const hub = createEventHub({
    schedule: clock.schedule,
    maxStreams: 2,
    keepAlive: 1000,
    maxComments: 4,
  });
  const reader = hub.open("a")?.getReader();
  assert.ok(reader);
  clock.advance(3000);
  assert.equal(hub.streams, 1);
  clock.advance(1000);
  assert.equal(hub.streams, 0);
  let chunks = 0;
  while (!(await reader.read()).done) chunks++;
  assert.equal(chunks, 5, "the greeting and four comments");
});
