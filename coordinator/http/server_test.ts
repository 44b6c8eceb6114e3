import assert from "node:assert/strict";
import { listen, StartError } from "./server.ts";

const hello = () => new Response("hello");

Deno.test("listen serves on a free port and returns the address", async () => {
  const server = listen("127.0.0.1", 0, hello);
  const response = await fetch(server.url);
  assert.equal(await response.text(), "hello");
  await server.shutdown();
});

Deno.test("listen names a port in use and says what to do", async () => {
  const server = listen("127.0.0.1", 0, hello);
  const { port } = new URL(server.url);
  assert.throws(
    () => listen("127.0.0.1", Number(port), hello),
    (error) =>
      error instanceof StartError &&
      error.message.includes(`port ${port} is in use`) &&
      error.message.includes("--port"),
  );
  await server.shutdown();
});

Deno.test("listen refuses an address of another machine", () => {
  assert.throws(() => listen("192.0.2.1", 0, hello), StartError);
  assert.throws(() => listen("not an address", 0, hello), StartError);
});

/** What the server sends on a connection until it closes it. */
async function exchange(url: string, sent: string): Promise<string> {
  const connection = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(url).port),
  });
  await connection.write(new TextEncoder().encode(sent));
  // Closes the connection, too.
  return await new Response(connection.readable).text();
}

Deno.test("listen closes connections that wait too long, and only those", async () => {
  const told: string[] = [];
  const held = Promise.withResolvers<Response>();
  const handler = (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/held") return held.promise;
    return pathname === "/late"
      ? new Response("late", { status: 408, headers: { connection: "close" } })
      : new Response("here");
  };
  const log = (_: string, message: string) => void told.push(message);
  const server = listen("127.0.0.1", 0, handler, log, {
    limits: { headSeconds: 0.5, idleSeconds: 0.5, closeSeconds: 0.5 },
  });
  const { url } = server;
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const body =
    "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n{";
  const waiting = exchange(url, get("/held"));
  const [silent, begun, idle, late] = await Promise.all(
    ["", "GET / HTTP/1.1\r\nHo", get("/"), body].map((sent) =>
      exchange(url, sent)
    ),
  );
  assert.equal(silent, "");
  assert.equal(begun, "");
  assert.match(idle ?? "", /here$/);
  assert.match(late ?? "", /^HTTP\/1\.1 408 .*late$/s);
  held.resolve(new Response("at last"));
  assert.match(await waiting, /at last$/);
  await server.shutdown();
  // This version of Deno lets connections be limited.
  assert.deepEqual(told, []);
});

Deno.test("listen shares connections by their owners", async () => {
  let owner: string | null = "one";
  const server = listen("127.0.0.1", 0, hello, undefined, {
    ownerOf: () => owner,
    limits: { connections: 3 },
  });
  const { url } = server;
  const port = Number(new URL(url).port);
  const open = () => Deno.connect({ hostname: "127.0.0.1", port });
  const held = [await open(), await open(), await open()];
  // Until they are accepted.
  await exchange(url, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  owner = "two";
  const answer = await exchange(
    url,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assert.match(answer, /^HTTP\/1\.1 200/);
  // The first one was cut.
  assert.equal(await held[0]?.read(new Uint8Array(1)), null);
  for (const connection of held) connection.close();
  await server.shutdown();
});
