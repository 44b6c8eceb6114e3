import assert from "node:assert/strict";
import { type InterfaceAddress, joinAddress } from "./join_address.ts";

const interfaces = (): InterfaceAddress[] => [
  { family: "IPv4", address: "127.0.0.1" },
  { family: "IPv6", address: "fe80::1" },
  { family: "IPv4", address: "169.254.3.4" },
  { family: "IPv4", address: "192.168.1.20" },
  { family: "IPv4", address: "10.0.0.7" },
];

Deno.test("joinAddress is null where only this machine reaches the coordinator", () => {
  for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "::1"]) {
    assert.equal(joinAddress(host, "http://127.0.0.1:8000", interfaces), null);
  }
  const offline = () => interfaces().slice(0, 3);
  assert.equal(joinAddress("0.0.0.0", "http://127.0.0.1:8000", offline), null);
});

Deno.test("joinAddress of all interfaces is the first that others reach", () => {
  for (const host of ["0.0.0.0", "::"]) {
    assert.equal(
      joinAddress(host, "http://127.0.0.1:8123", interfaces),
      "http://192.168.1.20:8123/join",
    );
  }
});

// Docker's bridge is often a machine's first interface.
Deno.test("joinAddress is under the address that the operator gives", () => {
  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    assert.equal(
      joinAddress(host, "http://127.0.0.1:8000", interfaces, "https://a.test"),
      "https://a.test/join",
    );
    assert.equal(
      joinAddress(host, "http://[::1]:8000", interfaces, "https://a.test/b"),
      "https://a.test/b/join",
    );
  }
});

Deno.test("joinAddress of one address is that one", () => {
  assert.equal(
    joinAddress("10.0.0.7", "http://10.0.0.7:8000", interfaces),
    "http://10.0.0.7:8000/join",
  );
});
