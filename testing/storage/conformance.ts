import { type FakeClock, fakeClock } from "../lease/fixtures.ts";
import { changeConformance } from "./changes.ts";
import { speculativeConformance } from "./speculative.ts";
import { claimConformance } from "./claims.ts";
import { fleetConformance } from "./fleet.ts";
import { guardConformance } from "./guard.ts";
import { readConformance } from "./reads.ts";
import { verdictConformance } from "./verdicts.ts";
import { type Check, createWorld, type Opened } from "./world.ts";

/**
 * Tests of the contract of `Storage` for every implementation. After each test
 * the invariants of all trials are checked.
 *
 * @param name Name of the storage, for the tests' names.
 * @param open Opens an empty storage with the clock.
 */
export function storageConformance(
  name: string,
  open: (clock: FakeClock) => Promise<Opened>,
): void {
  const check: Check = (criterion, body) => {
    Deno.test(`${name} ${criterion}`, async () => {
      const clock = fakeClock();
      const opened = await open(clock);
      const world = createWorld(opened, clock);
      try {
        await body(world);
        await world.invariants();
      } finally {
        await opened.end();
      }
    });
  };
  claimConformance(check);
  speculativeConformance(check);
  changeConformance(check);
  guardConformance(check);
  fleetConformance(check);
  readConformance(check);
  verdictConformance(check);
}
