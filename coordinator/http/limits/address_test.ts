import assert from "node:assert/strict";
import {
  AddressError,
  createAddressReader,
  isLoopbackHost,
  parseNetworks,
} from "./addresses.ts";

const none = { forwardedFor: undefined, proxied: false };
const by = (forwardedFor: string) => ({ forwardedFor, proxied: false });

Deno.test("createAddressReader uses the socket's address, for IPv6 its /64 network", () => {
  const read = createAddressReader([]);
  const key = (peer: string) => read(peer, none).key;
  assert.equal(key("192.0.2.7"), "192.0.2.7");
  assert.equal(key("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  assert.equal(key("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  assert.equal(key("fe80::1%eth0"), "fe80:0:0:0::/64");
  assert.deepEqual(read(undefined, none), { key: "unknown", local: false });
});

Deno.test("createAddressReader: only direct requests from this machine are local", () => {
  const read = createAddressReader([]);
  assert.equal(read("127.0.0.1", none).local, true);
  assert.equal(read("::1", none).local, true);
  assert.equal(read("192.0.2.7", none).local, false);
  assert.equal(read("127.0.0.1", by("192.0.2.7")).local, false);
  assert.equal(
    read("127.0.0.1", { forwardedFor: undefined, proxied: true }).local,
    false,
  );
  const trusting = createAddressReader(parseNetworks(["loopback"]));
  // A client behind the proxy cannot claim to be this machine.
  assert.equal(trusting("127.0.0.1", by("127.0.0.1")).local, false);
});

Deno.test("createAddressReader reads X-Forwarded-For of trusted proxies only, from its end", () => {
  const read = createAddressReader(parseNetworks(["10.0.0.0/8", "::1"]));
  const key = (peer: string, header: string) => read(peer, by(header)).key;
  assert.equal(key("10.0.0.1", "192.0.2.7"), "192.0.2.7");
  // Entries that the caller added before its own address are ignored.
  assert.equal(key("10.0.0.1", "203.0.113.1, 192.0.2.7"), "192.0.2.7");
  // A proxy behind a proxy.
  assert.equal(key("10.0.0.1", "192.0.2.7, 10.1.2.3"), "192.0.2.7");
  assert.equal(key("::1", "[2001:db8::1]:4711"), "2001:db8:0:0::/64");
  assert.equal(key("10.0.0.1", "192.0.2.7:4711"), "192.0.2.7");
  // Without a trusted proxy or a valid address, the socket's address counts.
  assert.equal(key("192.0.2.9", "192.0.2.7"), "192.0.2.9");
  assert.equal(key("10.0.0.1", "nonsense"), "10.0.0.1");
  assert.equal(key("10.0.0.1", ""), "10.0.0.1");
});

Deno.test("parseNetworks names an invalid network", () => {
  for (
    const text of ["proxy.example", "10.0.0.0/33", "127.1", "0x7f000001", ""]
  ) {
    assert.throws(() => parseNetworks([text]), AddressError, text);
  }
});

Deno.test("isLoopbackHost accepts this machine's names and no similar ones", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST.",
      "a.localhost",
      "127.0.0.1",
      "127.9.9.9",
      "[::1]",
    ]
  ) assert.equal(isLoopbackHost(host), true, host);
  for (
    const host of [
      "",
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "0.0.0.0",
      "192.168.0.1",
      "[::2]",
    ]
  ) assert.equal(isLoopbackHost(host), false, host);
});
