import assert from "node:assert/strict";
import { parseStat, serverSeconds } from "./process_stat.ts";
import { shell } from "./shell.ts";
import { needsProcesses } from "../../testing/needs_processes.ts";

/** As Linux writes it, with the ticks of user, system and ended children. */
function line(
  pid: number,
  name: string,
  parent: number,
  [user, system, endedUser, endedSystem]: readonly number[],
): string {
  return `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 500 9000 0 0 ` +
    `${user} ${system} ${endedUser} ${endedSystem} 20 0 1 0 100 7000000 900`;
}

Deno.test("parseStat: a name may contain the fields' separators", () => {
  assert.deepEqual(parseStat(line(7, "a (b) c 9", 3, [150, 50, 25, 75])), {
    pid: 7,
    name: "a (b) c 9",
    parent: 3,
    own: 2,
    ended: 1,
  });
});

Deno.test(
  "parseStat: reads this process on Linux",
  needsProcesses,
  async () => {
    const stat = await shell(`cat /proc/${Deno.pid}/stat`);
    if (stat === null) return;
    const { pid, parent, own } = parseStat(stat);
    assert.equal(pid, Deno.pid);
    assert.equal(parent, Deno.ppid);
    assert.ok(own > 0, `${own} seconds`);
  },
);

Deno.test("serverSeconds: sums the server and all its processes, ended ones too", () => {
  const stats = [
    line(1, "init", 0, [900, 0, 900, 0]),
    line(10, "postgres", 1, [100, 0, 300, 50]),
    line(11, "postgres", 10, [20, 30, 0, 0]),
    line(12, "postgres", 10, [400, 100, 0, 0]),
    // Another server, and one of our clients.
    line(20, "postgres", 1, [700, 0, 0, 0]),
    line(30, "psql", 1, [800, 0, 0, 0]),
  ].join("\n");
  assert.equal(serverSeconds(stats, 12), 1 + 3.5 + 0.5 + 5);
  // A process with that number here does not belong to a remote server.
  assert.equal(serverSeconds(stats, 30), null);
  assert.equal(serverSeconds(stats, 99), null);
  assert.equal(serverSeconds("", 99), null);
});
