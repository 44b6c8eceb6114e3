import assert from "node:assert/strict";
import { leaseId } from "../../../testing/lease/fixtures.ts";
import { createAddressLeases } from "./addresses.ts";

Deno.test("createAddressLeases counts what an address holds until it ends or runs out", () => {
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
  // Behind a longer one, and over all the same.
  assert.equal(leases.held("a"), 1);
  assert.equal(leases.held("b"), 1);
  leases.end(leaseId(1));
  assert.equal(leases.held("a"), 0);
  assert.equal(leases.has(leaseId(1)), false);
});

Deno.test("createAddressLeases lets a lease move with its worker", () => {
  const leases = createAddressLeases(() => 0);
  leases.keep("home", leaseId(1), 30);
  leases.keep("train", leaseId(1), 30);
  assert.deepEqual([leases.held("home"), leases.held("train")], [0, 1]);
});
