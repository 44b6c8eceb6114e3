import assert from "node:assert/strict";
import { openSqlite } from "../../storage/sqlite/sqlite.ts";
import { bearerToken, openSecrets } from "./secrets.ts";

let drawn = 0;
const bytes = (count: number) => new Uint8Array(count).fill(++drawn);

Deno.test("openSecrets generates the admin token once and stores only its hash", async () => {
  const kept = new Map<string, string>();
  const store = {
    secret: (name: string) => Promise.resolve(kept.get(name) ?? null),
    keepSecret(name: string, hash: string, replace: boolean) {
      if (replace || !kept.has(name)) kept.set(name, hash);
      return Promise.resolve(kept.get(name) ?? "");
    },
    alone: () => Promise.resolve(true),
  };
  const first = await openSecrets({ store, bytes });
  const token = first.adminToken ?? "";
  // 256 bits in base64url.
  assert.match(token, /^admin\.[\w-]{43}$/);
  assert.deepEqual([...kept.keys()], ["admin"]);
  await first.shown();
  assert.match(kept.get("admin") ?? "", /^[0-9a-f]{64}$/);
  const second = await openSecrets({ store, bytes });
  assert.equal(second.adminToken, null);
  assert.equal(second.isAdmin(token), true);
  for (const wrong of ["", "admin.", token.slice(1), `${token}x`]) {
    assert.equal(second.isAdmin(wrong), false);
  }
  const renewed = await openSecrets({ store, bytes, renew: true });
  assert.notEqual(renewed.adminToken, token);
  assert.equal(renewed.isAdmin(token), false);
});

Deno.test("openSecrets generates secrets again until they were shown", async () => {
  const store = openSqlite(":memory:", () => 0);
  const open = () => openSecrets({ store, bytes, joinCode: true });
  const lost = await open();
  const seen = await open();
  for (const { adminToken, joinCode } of [lost, seen]) {
    assert.match(adminToken ?? "", /^admin\./);
    assert.match(joinCode ?? "", /^[\w-]{43}$/);
  }
  // What is shown is valid at once, and what nobody saw no more.
  assert.equal(seen.isAdmin(seen.adminToken ?? ""), true);
  assert.equal(seen.isAdmin(lost.adminToken ?? ""), false);
  await seen.refresh();
  assert.equal(seen.isAdmin(seen.adminToken ?? ""), true);
  await seen.shown();
  const last = await open();
  assert.deepEqual([last.adminToken, last.joinCode], [null, null]);
  assert.equal(last.isAdmin(seen.adminToken ?? ""), true);
  assert.equal(last.mayJoin(seen.joinCode ?? ""), true);
});

Deno.test("openSecrets leaves a secret alone that another coordinator may be showing", async () => {
  const store = openSqlite(":memory:", () => 0);
  const first = await openSecrets({ store, bytes });
  const second = await openSecrets({
    store: { ...store, alone: () => Promise.resolve(false) },
    bytes,
  });
  assert.equal(second.adminToken, null);
  assert.equal(second.isAdmin(first.adminToken ?? ""), true);
  // A coordinator that shows its own late does not undo a newer one.
  const renewed = await openSecrets({ store, bytes, renew: true });
  await first.shown();
  assert.equal((await openSecrets({ store, bytes })).adminToken !== null, true);
  assert.equal(renewed.isAdmin(renewed.adminToken ?? ""), true);
});

Deno.test("openSecrets: anybody may join without a join code", async () => {
  const secrets = await openSecrets({
    store: openSqlite(":memory:", () => 0),
    bytes,
  });
  assert.equal(secrets.mayJoin(undefined), true);
  assert.equal(secrets.mayJoin("anything"), true);
  assert.equal(secrets.joinCode, null);
  assert.equal(secrets.ownJoinCode, undefined);
});

Deno.test("openSecrets: a generated join code is kept and shown only when generated", async () => {
  const store = openSqlite(":memory:", () => 0);
  const first = await openSecrets({ store, bytes, joinCode: true });
  const code = first.joinCode ?? "";
  assert.match(code, /^[\w-]{43}$/);
  await first.shown();
  const second = await openSecrets({ store, bytes, joinCode: true });
  assert.equal(second.joinCode, null);
  assert.equal(second.mayJoin(code), true);
  assert.equal(second.mayJoin(second.ownJoinCode), true);
  assert.equal(second.mayJoin(first.ownJoinCode), false);
  for (const wrong of [undefined, "", code.slice(1)]) {
    assert.equal(second.mayJoin(wrong), false);
  }
});

Deno.test("openSecrets: a join code that is given is not stored", async () => {
  const store = openSqlite(":memory:", () => 0);
  const joinCode = "class-of-26";
  const secrets = await openSecrets({ store, bytes, joinCode });
  assert.equal(secrets.joinCode, joinCode);
  assert.equal(secrets.mayJoin(joinCode), true);
  assert.equal(await store.secret("join"), null);
});

Deno.test("bearerToken reads one token, of bounded length", () => {
  assert.equal(bearerToken("Bearer admin.abc"), "admin.abc");
  assert.equal(bearerToken("bearer x"), "x");
  for (
    const header of [
      undefined,
      "",
      "Basic x",
      "Bearer ",
      "Bearer a b",
      `Bearer ${"x".repeat(201)}`,
    ]
  ) assert.equal(bearerToken(header), null);
});
