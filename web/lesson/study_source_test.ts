import assert from "node:assert/strict";
import {
  type FetchedLeaderboard,
  OutdatedPageError,
  UnreachableError,
} from "../api.ts";
import {
  seedLeaderboard,
  type Stage,
} from "../../tests/browser/fixture_leaderboard.ts";
import { SampleStudy } from "./sample.ts";
import { createStudySource } from "./study_source.ts";

const read = async (file: string) =>
  JSON.parse(
    await Deno.readTextFile(
      new URL(`../../docs/samples/${file}`, import.meta.url),
    ),
  );
const sample = SampleStudy.parse({
  about: await read("seed.about.json"),
  leaderboard: await read("seed.json"),
});

type Answer = FetchedLeaderboard | null | Error;

const stage = (name: Stage, etag = '"1"'): FetchedLeaderboard => ({
  leaderboard: seedLeaderboard(name),
  etag,
});

/** A source whose coordinator gives these answers in turn. */
function source(...answers: Answer[]) {
  const asked: (string | null)[] = [];
  const created = createStudySource(
    {
      leaderboard: (_, etag) => {
        asked.push(etag);
        const answer = answers.shift();
        assert.ok(answer !== undefined, "asked once too often");
        return answer instanceof Error
          ? Promise.reject(answer)
          : Promise.resolve(answer);
      },
    },
    () => Promise.resolve(sample),
  );
  return { ...created, asked };
}

Deno.test("StudySource.refresh: a study without results is nothing to show", async () => {
  const { live, refresh } = source(
    stage("empty"),
    new UnreachableError("no such study", 404),
  );
  assert.deepEqual(live.value, { kind: "unknown" });
  await refresh();
  assert.deepEqual(live.value, { kind: "nothing" });
  await refresh();
  assert.deepEqual(live.value, { kind: "nothing" });
});

Deno.test("StudySource.refresh shows results and keeps them while unchanged", async () => {
  const { live, refresh, asked } = source(
    stage("running"),
    null,
    stage("complete", '"2"'),
  );
  await refresh();
  await refresh();
  assert.ok(live.value.kind === "results");
  assert.equal(live.value.leaderboard.progress.complete, false);
  await refresh();
  assert.ok(live.value.kind === "results");
  assert.equal(live.value.leaderboard.progress.complete, true);
  assert.deepEqual(asked, [null, '"1"', '"1"']);
});

Deno.test("StudySource.refresh keeps what it has when the coordinator is gone", async () => {
  const { live, refresh } = source(
    stage("complete"),
    new UnreachableError("no answer", null),
    new OutdatedPageError("another version"),
  );
  await refresh();
  await assert.rejects(refresh, UnreachableError);
  assert.equal(live.value.kind, "results");
  await refresh();
  assert.equal(live.value.kind, "outdated");
});

Deno.test("StudySource.loadSample fetches once, and again after a failure", async () => {
  let fetches = 0;
  const { loadSample, sample: shown } = createStudySource(
    { leaderboard: () => Promise.resolve(null) },
    () => {
      fetches += 1;
      return fetches === 1
        ? Promise.reject(new Error("away"))
        : Promise.resolve(sample);
    },
  );
  await assert.rejects(loadSample, /away/);
  await Promise.all([loadSample(), loadSample()]);
  await loadSample();
  assert.equal(fetches, 2);
  assert.equal(shown.value, sample);
});
