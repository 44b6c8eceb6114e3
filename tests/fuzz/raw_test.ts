import assert from "node:assert/strict";
import fc from "npm:fast-check@4.10.2";
import { testSwarm } from "../../testing/app_fixture.ts";
import { listen } from "../../coordinator/http/server.ts";

/** Invalid and nearly valid HTTP, sent over real connections. */

const RUNS = Number(Deno.env.get("SWARM_FUZZ_RAW") || 300);
const SEED = Number(Deno.env.get("SWARM_FUZZ_SEED") || 1);

const whole = "POST /api/workers HTTP/1.1\r\nHost: localhost\r\n" +
  "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n" +
  '{"protocolVersion":1,"kind":"deno","threads":1}   ';

const heads = [
  "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET /healthz HTTP/1.1\r\n\r\n",
  "GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
  "GET //[ HTTP/1.1\r\nHost: [\r\n\r\n",
  "GET /%zz?%zz HTTP/1.1\r\nHost: localhost:99999\r\n\r\n",
  "POST /api/workers HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
  "POST /api/workers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nzz\r\n",
  "POST /api/workers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{",
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(200_000)}\r\n\r\n`,
  "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
].map((text) => new TextEncoder().encode(text));

const message = fc.oneof(
  fc.constantFrom(...heads),
  fc.uint8Array({ maxLength: 300 }),
  // One that is whole, cut off or with some bytes changed.
  fc.tuple(
    fc.constantFrom(...heads, new TextEncoder().encode(whole)),
    fc.nat(),
    fc.uint8Array({ maxLength: 4 }),
  )
    .map(([bytes, at, patch]) => {
      const changed = bytes.slice();
      changed.set(
        patch.slice(0, changed.length),
        at % Math.max(1, changed.length - 4),
      );
      return changed.slice(0, at % 3 === 0 ? at % changed.length : undefined);
    }),
);

Deno.test(`listen and createApp survive ${RUNS} raw messages`, async () => {
  const swarm = await testSwarm();
  const troubles: string[] = [];
  const server = listen(
    "127.0.0.1",
    0,
    async (request, { remoteAddr }) =>
      await swarm.app.fetch(request, { peer: remoteAddr.hostname }),
    (_, message, fields) => troubles.push(`${message} ${fields?.["error"]}`),
  );
  const port = Number(new URL(server.url).port);
  try {
    await fc.assert(
      fc.asyncProperty(message, fc.boolean(), async (bytes, patient) => {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port });
        try {
          await connection.write(bytes);
          if (!patient) return;
          await connection.closeWrite();
          const answer = new Uint8Array(4096);
          const length = await connection.read(answer) ?? 0;
          const text = new TextDecoder().decode(answer.subarray(0, length));
          assert.doesNotMatch(text, /^HTTP\/1\.\d 5\d\d/, text);
        } catch (error) {
          // A server may close the connection on invalid HTTP.
          const { ConnectionReset, BrokenPipe } = Deno.errors;
          if (error instanceof ConnectionReset) return;
          if (error instanceof BrokenPipe) return;
          throw error;
        } finally {
          try {
            connection.close();
          } catch {
            // Closed by the other side.
          }
        }
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    const health = await fetch(new URL("/healthz", server.url));
    assert.equal(health.status, 200);
    await health.body?.cancel();
    assert.deepEqual(troubles, []);
    assert.ok(!swarm.logged.some((l) => l.level === "error"));
  } finally {
    swarm.hub.close();
    await server.shutdown();
    await swarm.close();
  }
});
