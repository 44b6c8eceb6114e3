import assert from "node:assert/strict";
import type { MortalApi } from "../../testing/mortal_thread.ts";
import { createThreadHost } from "./thread_host.ts";

const mortal = () =>
  createThreadHost<MortalApi>({
    url: new URL("../../testing/mortal_thread.ts", import.meta.url),
    name: "mortal",
    error: (message) => new Error(message),
  });

Deno.test("createThreadHost: a dying thread rejects waiting questions; the next question starts another thread", async () => {
  const host = mortal();
  try {
    assert.equal(host.isRunning(), false);
    const [hanging, dying] = [
      host.ask((api) => api.hang()),
      host.ask((api) => api.die()),
    ];
    await assert.rejects(dying, /^Error: the mortal died: .*on purpose/);
    await assert.rejects(hanging, /^Error: the mortal died: .*on purpose/);
    assert.equal(host.isRunning(), false);
    assert.equal(await host.ask((api) => api.echo("again")), "again");
  } finally {
    host.close();
  }
});

Deno.test("createThreadHost: a late answer ends the thread", async () => {
  const host = mortal();
  let expire = () => {};
  let cancelled = 0;
  const schedule = (_: number, action: () => void) => {
    expire = action;
    return () => void cancelled++;
  };
  try {
    const limit = { milliseconds: 1, schedule };
    assert.equal(await host.ask((api) => api.echo("soon"), limit), "soon");
    assert.equal(cancelled, 1);
    const asked = host.ask((api) => api.hang(), limit);
    expire();
    await assert.rejects(asked, {
      message: "the mortal did not answer in time",
    });
    assert.equal(host.isRunning(), false);
  } finally {
    host.close();
  }
  await assert.rejects(host.ask((api) => api.echo("late")), {
    message: "the mortal was closed",
  });
});
