import assert from "node:assert/strict";
import { problem, swarmTest as test } from "../../testing/app_fixture.ts";
import { parsePublicUrl } from "./public_url.ts";

Deno.test("parsePublicUrl takes a host, a port and a path, with a slash or not", () => {
  for (
    const [text, href] of [
      ["https://swarm.example.org", "https://swarm.example.org"],
      ["https://example.org/swarm/", "https://example.org/swarm"],
      ["http://127.0.0.1:8080/swarm", "http://127.0.0.1:8080/swarm"],
      // Parts of paths that pages have, where they mistake nobody.
      ["https://example.org/api/swarm/", "https://example.org/api/swarm"],
      [
        "https://h.test/user/a%40b/proxy/8000",
        "https://h.test/user/a%40b/proxy/8000",
      ],
    ] as const
  ) {
    assert.equal(parsePublicUrl(text).href, href);
  }
});

Deno.test("parsePublicUrl refuses what cannot work, with the reason", () => {
  for (
    const [text, reason] of [
      ["example.org", /such as https:\/\/swarm\.example\.org/],
      ["ftp://example.org/", /such as/],
      [
        "https://example.org/swarm/?a=b",
        /alone: https:\/\/example\.org\/swarm\//,
      ],
      ["https://example.org/#join", /alone/],
      [
        "https://example.org//a.test/",
        /alone: https:\/\/example\.org\/a\.test\//,
      ],
      ["https://me:pw@example.org/", /alone/],
      ["https://example.org/api/", /files of its own at \/api\//],
      ["https://example.org/data", /files of its own at \/data\//],
      ["https://example.org/assets", /of its own/],
      ["https://example.org/studies/seed", /of its own/],
      ["https://example.org/api%2Fx/../%61pi", /of its own/],
      ["https://example.org/swarm/join/", /of its own at \/swarm\/join\//],
    ] as const
  ) {
    assert.throws(() => parsePublicUrl(text), reason, text);
  }
});

const publicUrl = "https://example.org/user/a@b/swarm/";
const behind = { publicUrl, loopbackOnly: true };

test("publicUrl: requests come with its path or without it", async (swarm) => {
  const get = (path: string) => swarm.call("GET", path);
  for (const base of ["", "/user/a@b/swarm", "/user/a%40b/swarm"]) {
    assert.equal((await get(`${base}/healthz`)).status, 200, base);
    const { detail } = await problem(
      await get(`${base}/api/studies/none`),
      404,
      "not-found",
    );
    assert.match(detail, /no such study: none/);
    const wrong = await swarm.call("POST", `${base}/healthz`);
    await problem(wrong, 405, "invalid-request");
  }
  for (const path of ["/user/a@b/swarms/healthz", "/user/a@b/healthz"]) {
    await problem(await get(path), 404, "not-found");
  }
  // Not twice.
  await problem(
    await get("/user/a@b/swarm/user/a@b/swarm/healthz"),
    404,
    "not-found",
  );
}, behind);

test(
  "publicUrl: its path without the slash leads to the one with it",
  async (swarm) => {
    const response = await swarm.call("GET", "/user/a%40b/swarm?lang=zh");
    assert.equal(response.status, 308);
    assert.equal(
      response.headers.get("location"),
      "/user/a@b/swarm/?lang=zh",
    );
  },
  behind,
);

test("publicUrl: a path that nobody named is refused with what to do", async (swarm) => {
  const response = await swarm.call("GET", "/swarm/join");
  const { detail } = await problem(response, 404, "not-found");
  assert.match(detail, /\/swarm\/join; .*--public-url/);
});

test("publicUrl: its host is answered, and no other", async (swarm) => {
  const ask = (host: string) =>
    swarm.call("GET", "/healthz", { headers: { host } });
  for (const host of ["example.org", "EXAMPLE.org:443", "localhost:8000"]) {
    assert.equal((await ask(host)).status, 200, host);
  }
  for (
    const host of [
      ...["evil.example", "example.org:8000", "example.org:80"],
      ...["example.org.evil.example", "evil.example.org", ""],
    ]
  ) {
    await problem(await ask(host), 421, "foreign-host");
  }
}, behind);

test(
  "publicUrl: its own pages may change things, and no others",
  async (swarm) => {
    const register = (origin: string, host = "127.0.0.1:8000") =>
      swarm.call("POST", "/api/workers", {
        json: {},
        headers: { origin, host },
      });
    // The body is refused, after the origin has passed.
    await problem(
      await register("https://example.org"),
      400,
      "invalid-request",
    );
    await problem(
      await register("https://example.org", "example.org"),
      400,
      "invalid-request",
    );
    for (
      const origin of [
        ...["http://example.org", "https://example.org:8443", "null"],
        ...["https://evil.example", "https://example.org.evil.example"],
      ]
    ) {
      const { detail } = await problem(
        await register(origin),
        403,
        "foreign-origin",
      );
      assert.match(detail, /--public-url/);
    }
  },
  behind,
);

test(
  "publicUrl: nobody who comes by it counts as this machine",
  async (swarm) => {
    const metrics = (path: string, headers: Record<string, string> = {}) =>
      swarm.call("GET", path, { peer: "127.0.0.1", headers });
    const host = "127.0.0.1:8000";
    assert.equal((await metrics("/metrics", { host })).status, 200);
    for (
      const response of [
        await metrics("/metrics", { host: "example.org" }),
        await metrics("/metrics", { host, origin: "https://example.org" }),
        await metrics("/user/a@b/swarm/metrics", { host }),
      ]
    ) {
      await problem(response, 401, "unauthorized");
    }
  },
  behind,
);

test("publicUrl: OpenAPI names it as the server", async (swarm) => {
  const document = await (await swarm.call("GET", "/openapi.json")).json();
  assert.deepEqual(document.servers, [{
    url: "https://example.org/user/a@b/swarm",
  }]);
}, behind);

test("OpenAPI: without a public address the server is relative to the document", async (swarm) => {
  const { servers: [{ url }] } =
    await (await swarm.call("GET", "/openapi.json")).json();
  const server = new URL(url, "https://example.org/swarm/openapi.json").href;
  assert.equal(server, "https://example.org/swarm/");
});
