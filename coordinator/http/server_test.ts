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
