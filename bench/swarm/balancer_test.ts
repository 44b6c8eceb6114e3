import assert from "node:assert/strict";
import { balancedConnection } from "./balancer.ts";

Deno.test("balancedConnection: calls go to one coordinator after the other", async () => {
  const called: number[] = [];
  const servers = [0, 1, 2].map((index) =>
    Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => {
        called.push(index);
        return new Response(null, { status: 204 });
      },
    )
  );
  const urls = servers.map(({ addr }) => `http://127.0.0.1:${addr.port}`);
  const from = async (first: number, calls: number) => {
    const { fetch, close } = balancedConnection(urls, "10.0.0.1", first);
    // The address that the client calls makes no difference.
    for (let i = 0; i < calls; i++) await fetch(`${urls[0]}/api`);
    close();
    return called.splice(0);
  };
  try {
    assert.deepEqual(await from(0, 4), [0, 1, 2, 0]);
    assert.deepEqual(await from(5, 3), [2, 0, 1]);
  } finally {
    await Promise.all(servers.map((server) => server.shutdown()));
  }
});
