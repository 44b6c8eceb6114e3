import assert from "node:assert/strict";
import { ownConnection } from "./connection.ts";

interface Served extends AsyncDisposable {
  readonly url: string;
  /** Ports of the callers, one for each connection. */
  readonly callers: Set<number>;
}

function serve(answer: (request: Request) => Response | Promise<Response>) {
  const callers = new Set<number>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, { remoteAddr }) => {
      callers.add(remoteAddr.port);
      return answer(request);
    },
  );
  const served: Served = {
    url: `http://127.0.0.1:${server.addr.port}`,
    callers,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return served;
}

Deno.test("ownConnection: one connection for calls with bodies of every kind", async () => {
  await using server = serve(async (request) => {
    const body = await request.text();
    const { pathname } = new URL(request.url);
    if (pathname === "/none") return new Response(null, { status: 204 });
    if (pathname === "/chunks") {
      return new Response(
        ReadableStream.from(
          ["gr", "ü", "n"].map((text) => new TextEncoder().encode(text)),
        ),
      );
    }
    return Response.json({
      body,
      from: request.headers.get("x-forwarded-for"),
      method: request.method,
    }, { status: 201, headers: { "swarm-reason": "why: so" } });
  });
  const { fetch, close } = ownConnection(server.url, "10.0.0.7");
  const text = "ü".repeat(5000);
  const answer = await fetch(`${server.url}/echo`, {
    method: "POST",
    body: text,
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("swarm-reason"), "why: so");
  assert.deepEqual(await answer.json(), {
    body: text,
    from: "10.0.0.7",
    method: "POST",
  });
  assert.equal((await fetch(`${server.url}/none`)).status, 204);
  const chunks = await fetch(`${server.url}/chunks`);
  assert.equal(await chunks.text(), "grün");
  const bytes = await fetch(`${server.url}/echo`, {
    method: "POST",
    body: new Uint8Array([65, 66]),
  });
  assert.equal((await bytes.json()).body, "AB");
  assert.equal(server.callers.size, 1);
  close();
});

Deno.test("ownConnection: calls at once wait for each other", async () => {
  let atOnce = 0;
  let most = 0;
  await using server = serve(async (request) => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 0));
    atOnce--;
    return new Response(new URL(request.url).pathname);
  });
  const { fetch, close } = ownConnection(server.url, "10.0.0.1");
  const paths = ["/a", "/b", "/c"];
  const answers = await Promise.all(
    paths.map(async (path) => (await fetch(server.url + path)).text()),
  );
  assert.deepEqual(answers, paths);
  assert.equal(most, 1);
  close();
});

Deno.test("ownConnection: an aborted call ends, and the next one works", async () => {
  const { promise: never, resolve: letGo } = Promise.withResolvers<void>();
  await using server = serve(async (request) => {
    if (new URL(request.url).pathname === "/slow") await never;
    return new Response("here");
  });
  const { fetch, close } = ownConnection(server.url, "10.0.0.1");
  const stop = new AbortController();
  const slow = fetch(`${server.url}/slow`, { signal: stop.signal });
  const why = new Error("enough");
  queueMicrotask(() => stop.abort(why));
  await assert.rejects(slow, why);
  assert.equal(await (await fetch(`${server.url}/fast`)).text(), "here");
  close();
  letGo();
});

Deno.test("ownConnection: rejects with a TypeError like fetch if nothing listens", async () => {
  const url = await (async () => {
    await using server = serve(() => new Response());
    return server.url;
  })();
  const { fetch } = ownConnection(url, "10.0.0.1");
  await assert.rejects(fetch(url), TypeError);
});
