import assert from "node:assert/strict";
import { parseJoinOptions } from "./join_options.ts";

const parse = (args: string[], variables: Record<string, string> = {}) =>
  parseJoinOptions(args, 2, (name) => variables[name]);

Deno.test("parseJoinOptions reads the join code from the invitation", () => {
  const { url, joinCode } = parse(["http://192.0.2.7:8000/join#class-of-26"]);
  assert.equal(url, "http://192.0.2.7:8000");
  assert.equal(joinCode, "class-of-26");
  assert.equal(
    parse([], { SWARM_URL: "192.0.2.7:8000#class-of-26" }).joinCode,
    "class-of-26",
  );
});

Deno.test("parseJoinOptions takes the join code as a flag, before the invitation's", () => {
  assert.equal(
    parse(["192.0.2.7#one-code", "--join-code", "another"]).joinCode,
    "another",
  );
  assert.equal(parse(["192.0.2.7"]).joinCode, undefined);
});

Deno.test("parseJoinOptions takes the address of any page for the coordinator's", () => {
  for (
    const path of [
      ...["", "/", "/join", "/workers", "/lesson", "/api"],
      ...["/trials/seed-1a2b3c4d-d1_0.2-d2_0.5-r0", "/studies/seed/points/x"],
    ]
  ) {
    assert.equal(parse([`http://192.0.2.7${path}`]).url, "http://192.0.2.7");
  }
});

// jupyter-server-proxy serves a program's port under /proxy/8000/.
Deno.test("parseJoinOptions keeps the path of the coordinator's address", () => {
  const hub = "https://hub.test/user/ada/proxy/8000";
  for (const end of ["", "/", "/join", "/join#class-of-26"]) {
    assert.equal(parse([`${hub}${end}`]).url, hub, end);
  }
  assert.equal(parse(["192.0.2.7/swarm"]).url, "http://192.0.2.7/swarm");
});
