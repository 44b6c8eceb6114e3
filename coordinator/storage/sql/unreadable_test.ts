import assert from "node:assert/strict";
import { StudyDefinition, TrialSpec } from "../../../protocol/study.ts";
import { smallStudy } from "../../../testing/lease/fixtures.ts";
import { NameRow } from "./rows.ts";
import { createUnreadableStudies, UnreadableValue } from "./unreadable.ts";

const { definition, trials: [spec] } = smallStudy();

Deno.test("NameRow: a name that an older version stored shows no marks", () => {
  const row = {
    worker_id: "00000000-0000-4000-8000-000000000001",
    name: "\u202egnp.exe\u200b",
  };
  assert.equal(NameRow.parse(row).name, "gnp.exe");
});

/** The message for a value that this version cannot read. */
function said(schema: StudyDefinition | TrialSpec, more: object): string {
  const value = { ...schema, ...more };
  const parsed = "trialId" in schema
    ? TrialSpec.safeParse(value)
    : StudyDefinition.safeParse(value);
  assert.ok(parsed.error);
  const error = new UnreadableValue(value, parsed.error);
  return String(
    createUnreadableStudies("swarm.db", () => {}).explain(error),
  );
}

Deno.test("createUnreadableStudies explain: names the study, the database and the reason", () => {
  assert.ok(spec);
  const line = (why: string) =>
    "StorageError: cannot read the study seed in swarm.db: it was written by " +
    `a newer version: ${why}; upgrade this coordinator`;
  const { recipe } = spec;
  for (const value of [definition, spec]) {
    assert.equal(
      said(value, { recipe: { ...recipe, momentum: 1, decay: 2 } }),
      line("it has the recipe fields momentum, decay"),
    );
    assert.equal(
      said(value, { recipe: { ...recipe, network: "deep" } }),
      line("this version cannot read its recipe.network"),
    );
    assert.equal(said(value, { notes: "" }), line("it has the field notes"));
  }
});

Deno.test("createUnreadableStudies skip: reports a study once and throws other errors", () => {
  const parsed = StudyDefinition.safeParse({ ...definition, notes: "" });
  assert.ok(parsed.error);
  const error = new UnreadableValue(definition, parsed.error);
  const told: Error[] = [];
  const unreadable = createUnreadableStudies("swarm.db", (e) => told.push(e));
  const fail = (error: Error) => () => {
    throw error;
  };
  assert.equal(unreadable.skip(fail(error)), null);
  assert.equal(unreadable.skip(fail(error)), null);
  assert.equal(told.length, 1);
  assert.deepEqual(unreadable.ids, ["seed"]);
  assert.equal(unreadable.skip(() => 7), 7);
  assert.throws(() => unreadable.skip(fail(new Error("disk"))), /disk/);
});
