import assert from "node:assert/strict";
import { leaseId } from "../../../testing/lease/fixtures.ts";
import { createAddressLeases } from "./addresses.ts";

Deno.test("createAddressLeases counts an address's leases until they end or expire", () => {
  let now = 0;
  const leases = createAddressLeases(() => now);
  leases.keep("a", leaseId(1), 600);
  leases.keep("a", leaseId(2), 30);
  leases.keep("b", leaseId(3), 30);
  assert.deepEqual([leases.held("a"), leases.held("b"), leases.held("c")], [
    2,
    1,
    0,
  ]);
  now = 20_000;
  leases.keep("b", leaseId(3), 30);
  now = 30_000;
  // Expired, although it was added after a longer one.
  assert.equal(leases.held("a"), 1);
  assert.equal(leases.held("b"), 1);
  leases.end(leaseId(1));
  assert.equal(leases.held("a"), 0);
  assert.equal(leases.has(leaseId(1)), false);
});

Deno.test("createAddressLeases moves a lease when its worker changes address", () => {
  const leases = createAddressLeases(() => 0);
  leases.keep("home", leaseId(1), 30);
  leases.keep("train", leaseId(1), 30);
  assert.deepEqual([leases.held("home"), leases.held("train")], [0, 1]);
});
