import assert from "node:assert/strict";
import { gracefulShutdown } from "./graceful_shutdown.ts";

const info = { remoteAddr: { hostname: "127.0.0.1" } };
const request = () => new Request("http://127.0.0.1/");

Deno.test("gracefulShutdown: finish waits for running requests and refuses new ones", async () => {
  const answers = [
    Promise.withResolvers<Response>(),
    Promise.withResolvers<Response>(),
  ];
  let asked = 0;
  const { handler, finish } = gracefulShutdown(() => {
    const { promise } = answers[asked++] ?? Promise.withResolvers<Response>();
    return promise;
  });
  const [first, second] = [handler(request(), info), handler(request(), info)];
  let finished = false;
  const finishing = finish().then(() => finished = true);
  const refused = await handler(request(), info);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "5");
  assert.equal(asked, 2);
  answers[0]?.resolve(new Response("one"));
  assert.equal(await (await first).text(), "one");
  assert.equal(finished, false);
  // A failed request also ends.
  answers[1]?.reject(new Error("broken"));
  await assert.rejects(async () => await second, /broken/);
  await finishing;
});

Deno.test("gracefulShutdown: finish resolves at once without running requests", async () => {
  const { handler, finish } = gracefulShutdown(() => new Response("hello"));
  assert.equal((await handler(request(), info)).status, 200);
  await finish();
});
