import assert from "node:assert/strict";
import { join } from "node:path";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import { Leaderboard } from "../protocol/leaderboard.ts";
import { ONE_REQUEST } from "../worker/cli/stop_signals.ts";
import { type RunningCommand, runScript } from "./processes.ts";
import {
  freePort,
  get,
  type TinyStudy,
  until,
  writeTinyStudy,
} from "./tiny_study.ts";

/** Requests that are running when the coordinator is told to stop. */
const REQUESTS = 8;

const registration = JSON.stringify({
  protocolVersion: PROTOCOL_VERSION,
  kind: "deno",
  threads: 1,
});

/** A coordinator for one test, killed at its end. */
async function withCoordinator(
  flags: readonly string[],
  test: (
    coordinator: RunningCommand,
    at: { readonly url: string; readonly study: TinyStudy },
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "drain-test-" });
  let coordinator: RunningCommand | null = null;
  try {
    const study = await writeTinyStudy(folder, {
      replicates: 2,
      epochs: 200,
      examples: 3000,
    });
    const port = freePort();
    coordinator = runScript("coordinator/main.ts", [
      ...["--study", study.path, "--data", study.data],
      ...["--db", join(folder, "swarm.db"), "--port", `${port}`, ...flags],
    ], { env: { SWARM_CACHE: join(folder, "cache") } });
    await coordinator.waitFor(/leaderboard http/);
    await test(coordinator, { url: `http://127.0.0.1:${port}`, study });
  } finally {
    coordinator?.kill("SIGKILL");
    await coordinator?.ended;
    await Deno.remove(folder, { recursive: true });
  }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

/** A request of which half has been sent; the server waits for the rest. */
async function halfRegistration(url: string) {
  const { hostname, port, host } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const write = async (text: string) => {
    const writer = connection.writable.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  };
  const texts = connection.readable.pipeThrough(new TextDecoderStream())
    .getReader();
  let read = "";
  const readUntil = async (pattern: RegExp) => {
    while (!pattern.test(read)) {
      const { value, done } = await texts.read();
      assert.ok(!done, `cut after: ${read}`);
      read += value;
    }
  };
  await write([
    "POST /api/workers HTTP/1.1",
    `host: ${host}`,
    "content-type: application/json",
    `content-length: ${registration.length}`,
    // The server's answer that it is reading the body.
    "expect: 100-continue",
    "connection: close",
    "",
    registration.slice(0, 10),
  ].join("\r\n"));
  await readUntil(/^HTTP\/1.1 100 /);
  return {
    /** Sends the rest; resolves to the status of the answer. */
    async finish(): Promise<string> {
      await write(registration.slice(10));
      read = read.replace(/^[\s\S]*?\r\n\r\n/, "");
      await readUntil(/\r\n\r\n/);
      await texts.cancel();
      return read.split(" ")[1] ?? "";
    },
  };
}

Deno.test("a draining coordinator says so, continues to serve, and ends without cutting a request", async () => {
  const flags = ["--workers", "1", "--backend", "simd"];
  await withCoordinator(
    [...flags, "--drain-seconds", "600"],
    async (coordinator, { url, study }) => {
      const leased = async () =>
        (await get(`${url}/api/studies/${study.id}/leaderboard`, Leaderboard))
          .progress.leased;
      await until(leased, (leased) => leased === 1);
      assert.equal(await statusOf(`${url}/readyz`), 200);
      const events = await fetch(`${url}/api/events`);
      const page = events.text();

      coordinator.kill("SIGTERM");
      await until(
        () => statusOf(`${url}/readyz`),
        (status) => status === 503,
      );
      assert.equal(await statusOf(`${url}/healthz`), 200);
      await coordinator.waitFor(/draining: stops in 600 s/);
      // Its own trainer releases its lease.
      await until(leased, (leased) => leased === 0);
      const requests = await Promise.all(
        Array.from({ length: REQUESTS }, () => halfRegistration(url)),
      );

      // A second signal means now, unless it comes at once: no new requests are
      // accepted.
      await new Promise((resolve) => setTimeout(resolve, ONE_REQUEST));
      coordinator.kill("SIGTERM");
      await until(
        () => statusOf(`${url}/healthz`),
        (status) => status === 503,
      );
      const answers = requests.map(({ finish }) => finish());
      assert.deepEqual(
        await Promise.all(answers),
        Array(REQUESTS).fill("201"),
      );
      // The stream came to an end: an error would reject.
      assert.match(await page, /retry: 3000/);
      assert.equal((await coordinator.ended).code, 0, coordinator.output());
    },
  );
});

Deno.test("a coordinator ends after the given drain time", async () => {
  await withCoordinator(
    ["--workers", "0", "--drain-seconds", "1"],
    async (coordinator) => {
      coordinator.kill("SIGTERM");
      assert.equal((await coordinator.ended).code, 0, coordinator.output());
      assert.match(coordinator.output(), /draining: stops in 1 s/);
    },
  );
});

Deno.test("Ctrl-C does not wait for a balancer", async () => {
  await withCoordinator(
    ["--workers", "0", "--drain-seconds", "600"],
    async (coordinator) => {
      coordinator.kill("SIGINT");
      assert.equal((await coordinator.ended).code, 0, coordinator.output());
      assert.doesNotMatch(coordinator.output(), /draining/);
    },
  );
});
