import assert from "node:assert/strict";
import {
  type FetchedLeaderboard,
  OutdatedPageError,
  UnreachableError,
} from "../../api.ts";
import {
  seedLeaderboard,
  type Stage,
} from "../../../tests/browser/fixture_leaderboard.ts";
import { StudyList } from "../../../protocol/views.ts";
import { createStudySource, SampleStudy } from "./study_source.ts";

const read = async (file: string) =>
  JSON.parse(
    await Deno.readTextFile(
      new URL(`../../../docs/samples/${file}`, import.meta.url),
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

const listOf = (...ids: string[]) =>
  StudyList.parse({
    studies: ids.map((id) => ({ id, active: true, trials: 45, completed: 1 })),
  });

/** A source whose coordinator gives these answers in order. */
function source(...answers: Answer[]) {
  const asked: (string | null)[] = [];
  const created = createStudySource(
    {
      studies: () => Promise.resolve(listOf("grid", "seed")),
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

Deno.test("StudySource.refresh reports a study without results as nothing", async () => {
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

Deno.test("StudySource.refresh fetches the study only if it is listed", async () => {
  const lists = [listOf(), listOf("grid"), listOf("grid", "seed")];
  let asked = 0;
  const { live, refresh } = createStudySource(
    {
      studies: () => Promise.resolve(lists.shift() ?? listOf()),
      leaderboard: () => {
        asked += 1;
        return Promise.resolve(asked === 1 ? stage("complete") : null);
      },
    },
    () => Promise.resolve(sample),
  );
  await refresh();
  await refresh();
  assert.deepEqual([live.value.kind, asked], ["nothing", 0]);
  await refresh();
  await refresh();
  assert.deepEqual([live.value.kind, asked], ["results", 2]);
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

Deno.test("StudySource.refresh keeps results when the coordinator is unreachable", async () => {
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
    {
      studies: () => Promise.reject(new Error("nobody asks")),
      leaderboard: () => Promise.reject(new Error("nobody asks")),
    },
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
