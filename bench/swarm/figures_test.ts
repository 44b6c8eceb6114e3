import assert from "node:assert/strict";
import { cpuBetween } from "./cpu.ts";
import { tooManyVolunteers } from "./descriptors.ts";
import { slope } from "./memory.ts";
import { inSchema } from "./postgres.ts";

Deno.test("slope: exact for points on a line, otherwise by least squares", () => {
  assert.equal(slope([[0, 5], [1, 7], [2, 9]]), 2);
  // By hand: means 1 and 2; (1·2 + 0 + 1·1) / 2.
  assert.equal(slope([[0, 0], [1, 3], [2, 3]]), 1.5);
});

Deno.test("tooManyVolunteers: names the limit and what to do", () => {
  assert.equal(tooManyVolunteers(900, 1024, 28_000), null);
  assert.equal(tooManyVolunteers(1e6, null, null), null);
  assert.match(
    tooManyVolunteers(1000, 1024, 28_000) ?? "",
    /1024 files.*ulimit -n 1100.*924 at most/,
  );
  assert.match(tooManyVolunteers(30_000, 1e6, 28_000) ?? "", /28000 ports/);
});

Deno.test("cpuBetween: the processors used; null for what is unknown", () => {
  assert.deepEqual(
    cpuBetween(
      { coordinators: 10, database: null, volunteers: 1 },
      { coordinators: 25, database: null, volunteers: 3 },
      10,
    ),
    { coordinators: 1.5, database: null, volunteers: 0.2 },
  );
});

Deno.test("inSchema: keeps the options that an address already has", () => {
  const url = "postgres://me:secret@127.0.0.1:5433/swarm?sslmode=disable";
  const options = (address: string) =>
    new URL(address).searchParams.get("options");
  assert.equal(
    inSchema(url, "s1"),
    `${url}&options=-c%20search_path%3Ds1`,
  );
  assert.equal(
    options(inSchema(`${url}&options=-c%20work_mem%3D8MB`, "s1")),
    "-c work_mem=8MB -c search_path=s1",
  );
});
