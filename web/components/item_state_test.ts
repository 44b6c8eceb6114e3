import assert from "node:assert/strict";
import { type Fetched, OutdatedPageError, UnreachableError } from "../api.ts";
import { createItemState } from "./item_page.tsx";

function world() {
  const asked: (string | null)[] = [];
  const answers: (() => Promise<Fetched<string> | null>)[] = [];
  const state = createItemState<string>((etag) => {
    asked.push(etag);
    const answer = answers.shift();
    assert.ok(answer !== undefined);
    return answer();
  });
  return { state, asked, answers };
}

const news = (value: string, etag: string) => () =>
  Promise.resolve({ value, etag });

Deno.test("ItemState.refresh sends its tag and keeps the item at 304", async () => {
  const { state, asked, answers } = world();
  answers.push(news("one", '"1"'), () => Promise.resolve(null));
  await state.refresh();
  await state.refresh();
  assert.deepEqual(asked, [null, '"1"']);
  assert.equal(state.item.value, "one");
});

Deno.test("ItemState.edit changes the item, and the next request has no tag", async () => {
  const { state, asked, answers } = world();
  answers.push(news("one", '"1"'), news("two", '"2"'));
  state.edit(() => "nothing to change yet");
  assert.equal(state.item.value, null);
  await state.refresh();
  state.edit((text) => `${text}!`);
  assert.equal(state.item.value, "one!");
  await state.refresh();
  assert.deepEqual(asked, [null, null]);
});

Deno.test("ItemState.refresh tells a missing item from a lost connection", async () => {
  const { state, answers } = world();
  const failing = (error: Error) => () => Promise.reject(error);
  answers.push(failing(new UnreachableError("no", 404)));
  await state.refresh();
  assert.deepEqual(state.problem.value, { kind: "missing" });
  answers.push(failing(new UnreachableError("bad: 400", 400)));
  await state.refresh();
  assert.deepEqual(state.problem.value, {
    kind: "failed",
    message: "bad: 400",
  });
  answers.push(failing(new OutdatedPageError("new")));
  await state.refresh();
  assert.deepEqual(state.problem.value, { kind: "outdated" });
  for (const status of [null, 503]) {
    answers.push(failing(new UnreachableError("away", status)));
    await assert.rejects(state.refresh(), UnreachableError);
  }
  answers.push(news("back", '"3"'));
  await state.refresh();
  assert.equal(state.problem.value, null);
});

Deno.test("ItemState.forget drops the answer to an earlier request", async () => {
  const { state, asked, answers } = world();
  let answer = (_: Fetched<string>) => {};
  answers.push(
    () => new Promise((resolve) => answer = resolve),
    news("new", '"2"'),
  );
  const slow = state.refresh();
  state.forget();
  await state.refresh();
  answer({ value: "old", etag: '"1"' });
  await slow;
  assert.equal(state.item.value, "new");
  assert.deepEqual(asked, [null, null]);
});
