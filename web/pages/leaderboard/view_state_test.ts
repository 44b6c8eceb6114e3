import assert from "node:assert/strict";
import { StudyId } from "../../../protocol/ids.ts";
import {
  defaultViewState,
  parseViewState,
  type ViewState,
  writeViewState,
} from "./view_state.ts";

const written = (state: ViewState, start = "") => {
  const query = new URLSearchParams(start);
  writeViewState(state, query);
  return query;
};

Deno.test("parseViewState reads what writeViewState wrote", () => {
  const state: ViewState = {
    study: StudyId.parse("grid"),
    sort: "testLoss",
    descending: true,
    metric: "generalisationGap",
    down: "batchSize",
    across: "dropout1",
    slice: { learningRate: 0.00005, network: "layers" },
    curve: "testAccuracy",
    band: "none",
    seedAxes: true,
    swap: "testLoss",
    points: ["d1_0.2-d2_0.5", "lr_0.1"],
    page: 3,
    trials: "leased",
    trialsPage: 3,
  };
  assert.deepEqual(parseViewState(written(state)), state);
  assert.deepEqual(
    parseViewState(written({ ...state, points: [] })).points,
    [],
  );
});

Deno.test("writeViewState leaves out defaults and keeps other keys", () => {
  assert.equal(
    written(defaultViewState, "lang=zh&page=2&sort=checks").toString(),
    "lang=zh",
  );
});

Deno.test("parseViewState uses defaults for invalid values", () => {
  const query = new URLSearchParams(
    "study=../x&sort=rank.desc&metric=speed&curve=x&band=y&axes=z&swap=trainAccuracy&points=d1_9;d1_0.2-d2_0.5;d1_0.2-d2_0.5;q&page=-1&down=x&across=y&slice=z",
  );
  assert.deepEqual(parseViewState(query), {
    ...defaultViewState,
    points: ["d1_0.2-d2_0.5"],
  });
});
