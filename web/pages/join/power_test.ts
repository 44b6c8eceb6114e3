import assert from "node:assert/strict";
import { judgeBattery } from "./power.ts";

Deno.test("judgeBattery spares a low battery, and one without word is fine", () => {
  assert.equal(judgeBattery(null), "fine");
  assert.equal(judgeBattery({ charging: true, level: 0.05 }), "fine");
  assert.equal(judgeBattery({ charging: false, level: 0.2 }), "low");
  assert.equal(judgeBattery({ charging: false, level: 0.22 }), "between");
  assert.equal(judgeBattery({ charging: false, level: 0.25 }), "fine");
});
