import assert from "node:assert/strict";
import * as z from "zod";
import { join } from "node:path";
import { hc } from "hono/client";
import {
  acquire,
  problem,
  swarmTest as test,
  testSwarm,
} from "../../testing/app_fixture.ts";
import { dataFiles, folderAssets } from "../storage/served_files.ts";
import { adminEndpoints } from "../../protocol/admin_endpoints.ts";
import { endpoints, type SwarmApi } from "../../protocol/endpoints.ts";
import { SwarmEvent } from "../../protocol/views.ts";
import { openSqlite } from "../storage/sqlite/sqlite.ts";
import {
  NewerValueError,
  type Storage,
  StorageError,
} from "../storage/storage.ts";
import { epochMetrics } from "../../testing/lease/fixtures.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/** Reads a stream's text until it contains the wanted text. */
async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  enough: (text: string) => boolean,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!enough(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

test("GET /api/events: sends changes and ends when the coordinator stops", async (swarm) => {
  const response = await swarm.call("GET", "/api/events");
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("cache-control"), "no-store");
  const reader = response.body?.getReader();
  assert.ok(reader);
  const token = await swarm.join();
  const { leaseId } = await acquire(swarm, token);
  await swarm.call("POST", `/api/leases/${leaseId}/report`, {
    token,
    json: { attempt: 1, epochs: [epochMetrics(1)] },
  });
  swarm.clock.advance(250);
  const text = await readUntil(reader, (t) => t.includes('"epoch"'));
  const events = text.split("\n").filter((line) => line.startsWith("data: "))
    .map((line) => SwarmEvent.parse(JSON.parse(line.slice(6))));
  assert.deepEqual(events.map((e) => e.type), ["changed", "changed", "epoch"]);
  assert.deepEqual(events[1], {
    type: "changed",
    studyId: "seed",
    revision: 2,
  });
  swarm.coordinator.close();
  assert.equal((await reader.read()).done, true);
});

test(
  "GET /api/events: limits the streams; closing one allows another",
  async (swarm) => {
    const first = await swarm.call("GET", "/api/events");
    const second = await swarm.call("GET", "/api/events");
    const third = await swarm.call("GET", "/api/events");
    await problem(third, 503, "unavailable");
    assert.equal(third.headers.get("retry-after"), "30");
    await first.body?.cancel();
    assert.equal((await swarm.call("GET", "/api/events")).status, 200);
    await second.body?.cancel();
  },
  { maxStreams: 2 },
);

test("HEAD /api/events: opens no stream", async (swarm) => {
  const response = await swarm.call("HEAD", "/api/events");
  assert.equal(response.status, 200);
  assert.equal(swarm.hub.streams, 0);
});

async function withFolder(
  files: Record<string, string>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const hash = "5a".repeat(32);

Deno.test("createApp GET /data: serves a gzip file unchanged, cacheable forever", () =>
  withFolder({ [`${hash}.gz`]: "zipped" }, async (folder) => {
    const swarm = await testSwarm({
      data: dataFiles(
        folder,
        [{ sha256: hash, compressedBytes: 6, bytes: 9 }],
        () => {},
      ),
    });
    const path = `/data/${hash}.gz`;
    const response = await swarm.call("GET", path);
    assert.equal(await response.text(), "zipped");
    const header = (name: string) => response.headers.get(name);
    assert.equal(header("content-type"), "application/gzip");
    assert.equal(header("content-encoding"), null);
    assert.equal(header("content-length"), "6");
    assert.equal(
      header("cache-control"),
      "public, max-age=31536000, immutable",
    );
    const same = await swarm.call("GET", path, {
      headers: { "if-none-match": header("etag") ?? "" },
    });
    assert.equal(same.status, 304);
    // An open file would fail the test.
    const head = await swarm.call("HEAD", path);
    assert.equal(head.headers.get("content-length"), "6");
    await problem(
      await swarm.call("GET", `/data/${hash.toUpperCase()}.gz`),
      400,
      "invalid-request",
    );
    await swarm.close();
  }));

Deno.test("createApp pages: serves only the files of the build", () =>
  withFolder({
    "site/index.html": "<p>board",
    "site/join.html": "<p>join",
    "site/trial.html": "<p>trial",
    "site/point.html": "<p>point",
    "site/favicon.svg": "<svg/>",
    "site/assets/main-1a2b3c4d.js": "main()",
    "secret.txt": "keep out",
  }, async (folder) => {
    const swarm = await testSwarm({
      assets: await folderAssets(join(folder, "site")),
    });
    const get = async (path: string) => {
      const { headers, status, ...response } = await swarm.call("GET", path)
        .then(async (r) => ({
          status: r.status,
          headers: r.headers,
          text: await r.text(),
        }));
      return [
        status,
        headers.get("content-type"),
        headers.get("cache-control"),
        response.text,
      ];
    };
    const html = "text/html; charset=utf-8";
    assert.deepEqual(await get("/"), [200, html, "no-cache", "<p>board"]);
    assert.deepEqual(await get("/join"), [200, html, "no-cache", "<p>join"]);
    assert.deepEqual(
      await get("/trials/seed-1a2b3c4d-d1_0.2-d2_0.5-r0"),
      [200, html, "no-cache", "<p>trial"],
    );
    assert.deepEqual(
      await get("/studies/seed/points/d1_0.2-d2_0.5"),
      [200, html, "no-cache", "<p>point"],
    );
    assert.deepEqual(
      await get("/favicon.svg"),
      [200, "image/svg+xml", "no-cache", "<svg/>"],
    );
    assert.deepEqual(await get("/assets/main-1a2b3c4d.js"), [
      200,
      "text/javascript; charset=utf-8",
      "public, max-age=31536000, immutable",
      "main()",
    ]);
    for (
      const path of [
        "/secret.txt",
        "/assets/../../secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/",
        "/index.html",
        "/trials/",
        "/trials/a/b",
        "/studies/seed/points",
      ]
    ) {
      await problem(await swarm.call("GET", path), 404, "not-found");
    }
    await problem(await swarm.call("POST", "/join"), 405, "invalid-request");
    // A file deleted since the start is 404, not 500.
    await Deno.remove(join(folder, "site", "join.html"));
    await problem(await swarm.call("GET", "/join"), 404, "not-found");
    await swarm.close();
  }));

test("GET: a browser that opens a wrong address gets a page in both languages, with no markup of others", async (swarm) => {
  const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  const open = async (path: string) => {
    const response = await swarm.call("GET", path, { headers: { accept } });
    assert.equal(
      response.headers.get("content-type"),
      "text/html; charset=utf-8",
    );
    return { status: response.status, text: await response.text() };
  };
  const missing = await open("/leaderbord");
  assert.equal(missing.status, 404);
  assert.match(missing.text, /<h1>There is no page here<\/h1>/);
  assert.match(missing.text, /<h2 lang="zh-Hans">这里没有网页<\/h2>/);
  assert.match(missing.text, /nothing is served here: \/leaderbord;/);
  assert.match(missing.text, /<a href="\.\/">/);
  const deep = await open("/a/b/%3Cscript%3E");
  assert.match(deep.text, /<a href="\.\.\/\.\.\/">/);
  assert.doesNotMatch(deep.text, /<script/i);
  const point = await open("/api/studies/seed/points/x");
  assert.equal(point.status, 400);
  assert.match(
    point.text,
    /param\.point: &quot;x&quot; is not allowed; a grid/,
  );
  // Everybody else gets the problem itself.
  await problem(await swarm.call("GET", "/leaderbord"), 404, "not-found");
});

test("GET /openapi.json: describes every endpoint with named shapes", async (swarm) => {
  const response = await swarm.call("GET", "/openapi.json");
  const text = await response.text();
  const Document = z.object({
    openapi: z.literal("3.1.0"),
    paths: z.record(z.string(), z.record(z.string(), z.looseObject({}))),
    components: z.object({
      schemas: z.record(z.string(), z.unknown()),
      securitySchemes: z.record(z.string(), z.unknown()),
    }),
  });
  const document = Document.parse(JSON.parse(text));
  for (
    const { path, method, summary, ...rest } of [
      ...Object.values(endpoints),
      ...Object.values(adminEndpoints),
    ]
  ) {
    const operation = document.paths[path]?.[method];
    assert.equal(operation?.["summary"], summary, `${method} ${path}`);
    assert.equal("security" in rest, operation["security"] !== undefined);
  }
  const { schemas, securitySchemes } = document.components;
  for (const name of ["Problem", "Lease", "TrialSpec", "Leaderboard"]) {
    assert.ok(name in schemas, name);
  }
  assert.deepEqual(Object.keys(securitySchemes), ["worker", "admin"]);
  // Every reference has a target.
  for (
    const [, name = ""] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)
  ) {
    assert.ok(name in schemas, name);
  }
});

test("GET /api: a page of the coordinator's own files only", async (swarm) => {
  const response = await swarm.call("GET", "/api");
  const html = await response.text();
  assert.ok(!/https?:\/\//.test(html), "no third party");
  assert.ok(!/<script>|<style|style=|onload=/.test(html), "nothing inline");
  assert.ok(!/="\//.test(html), "nothing from the root of the host");
  const files = [...html.matchAll(/(?:src|href)="(\.[^"]+\w)"/g)];
  assert.equal(files.length, 4);
  for (const [, url = ""] of files) {
    const path = new URL(url, "http://swarm.test/api").pathname;
    const file = await swarm.call("GET", path);
    assert.equal(file.status, 200, path);
    assert.match(
      file.headers.get("content-type") ?? "",
      /^text\/(javascript|css); charset=utf-8$/,
    );
    const bytes = (await file.arrayBuffer()).byteLength;
    assert.equal(bytes, Number(file.headers.get("content-length")));
  }
});

/** A storage whose every call fails. */
function failing(error: Error): Storage {
  return new Proxy(openSqlite(":memory:", Date.now), {
    get: (target, name) =>
      name === "close" ? target.close : () => Promise.reject(error),
  });
}

const reads = [
  "/api/studies",
  "/api/studies/seed",
  "/api/studies/seed/leaderboard",
  "/api/trials/seed",
  "/api/workers",
];

test(
  "an unavailable storage gives 503 with Retry-After",
  async (swarm) => {
    for (const path of reads) {
      const response = await swarm.call("GET", path);
      const { detail } = await problem(response, 503, "unavailable");
      assert.ok(!detail.includes("disk I/O"));
      assert.equal(response.headers.get("retry-after"), "5");
    }
    const response = await swarm.call("POST", "/api/workers", {
      json: { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads: 1 },
    });
    await problem(response, 503, "unavailable");
    assert.equal(swarm.logged.length, reads.length + 1);
  },
  {
    study: null,
    storage: () => failing(new StorageError("unavailable", "disk I/O error")),
  },
);

const newerLine =
  "cannot read the study seed: it was written by a newer version: " +
  "it has the recipe field momentum; upgrade this coordinator";

test(
  "a study that a newer version wrote gives 501 and names what is new",
  async (swarm) => {
    const response = await swarm.call("GET", "/api/studies/seed");
    const { detail } = await problem(response, 501, "newer-version");
    assert.equal(detail, newerLine);
    assert.equal(swarm.logged.length, 0, "the storage logs it once");
  },
  {
    study: null,
    storage: () =>
      failing(
        new NewerValueError(
          "in a secret place",
          newerLine,
          new Error("momentum"),
        ),
      ),
  },
);

test(
  "an unavailable storage makes a coordinator not ready, but still alive",
  async (swarm) => {
    const response = await swarm.call("GET", "/readyz");
    const { detail } = await problem(response, 503, "unavailable");
    assert.match(detail, /the storage does not respond/);
    assert.equal(response.headers.get("retry-after"), "5");
    assert.equal((await swarm.call("GET", "/healthz")).status, 200);
  },
  {
    study: null,
    storage: () => failing(new StorageError("unavailable", "disk I/O error")),
  },
);

test(
  "an unexpected error is logged, and its details are not sent",
  async (swarm) => {
    for (const path of reads) {
      const response = await swarm.call("GET", path);
      const answer = JSON.stringify(await problem(response, 500, "internal"));
      assert.ok(!/secret|at |\.ts/.test(answer), answer);
    }
    assert.equal(swarm.logged.length, reads.length);
    const [first] = swarm.logged;
    assert.equal(first?.level, "error");
    assert.match(String(first?.fields["error"]), /secret place/);
    assert.equal(first?.fields["path"], "/api/studies");
  },
  {
    study: null,
    storage: () => failing(new Error("in a secret place")),
  },
);

/**
 * Without a free file descriptor Deno ends when an error's stack is formatted.
 */
const exhausted = Object.defineProperty(
  Object.assign(new Error("Too many open files"), { code: "EMFILE" }),
  "stack",
  { get: () => assert.fail("the stack was read") },
);

test(
  "reports exhausted file descriptors without reading the stack",
  async (swarm) => {
    const path = `/data/${"a".repeat(64)}.gz`;
    const response = await swarm.call("GET", path, { peer: "192.0.2.1" });
    await problem(response, 503, "unavailable");
    assert.deepEqual(
      swarm.logged.map(({ level, fields }) => [level, fields["reason"]]),
      [["info", undefined], ["warn", "unavailable:descriptors"]],
    );
  },
  { data: () => Promise.reject(exhausted) },
);

test("SwarmApi: Hono's client has checked types", async (swarm) => {
  const client = hc<SwarmApi>("http://localhost", {
    fetch: (input: RequestInfo | URL, init?: RequestInit) =>
      Promise.resolve(swarm.app.request(String(input), init)),
  });
  const registered = await client.api.workers.$post({
    json: { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads: 1 },
  });
  assert.ok(registered.status === 201);
  const { token } = await registered.json();
  const headers = { authorization: `Bearer ${token}` };
  const leased = await client.api.leases.$post(
    { json: { backend: "simd" } },
    { headers },
  );
  assert.ok(leased.status === 200);
  const { leaseId, attempt } = await leased.json();
  const released = await client.api.leases[":leaseId"].release.$post({
    param: { leaseId },
    json: { attempt, reason: "leaving" },
  }, { headers });
  assert.equal(released.status, 204);
  const refused = await client.api.leases[":leaseId"].renew.$post({
    param: { leaseId },
    json: { attempt },
  }, { headers });
  assert.ok(refused.status === 409);
  assert.equal((await refused.json()).type, "stale-lease");
});
