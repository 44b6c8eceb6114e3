import assert from "node:assert/strict";
import { DatasetManifest, StudyDefinition } from "../../../protocol/study.ts";
import { uploadBytes } from "./study_info.ts";

const file = (bytes: number) => ({
  sha256: "0".repeat(64),
  path: `/data/${"0".repeat(64)}.gz`,
  compressedBytes: 1,
  bytes,
});
const dataset = DatasetManifest.parse({
  name: "tiny",
  classes: 10,
  files: {
    trainImages: file(16 + 784),
    trainLabels: file(8 + 1),
    testImages: file(16 + 784),
    testLabels: file(8 + 1),
  },
});
const study = (searchSpace: unknown) => ({
  dataset,
  definition: StudyDefinition.parse({
    id: "tiny",
    title: { en: "Tiny", zh: "小" },
    searchSpace,
  }),
});
const weights = (first: number, second: number) =>
  4 * (785 * first + (first + 1) * second + (second + 1) * 10);

Deno.test("uploadBytes counts all weights and biases of the study's largest network", () => {
  assert.equal(
    uploadBytes(study({ points: [{ dropout1: 0.2, dropout2: 0.5 }] })),
    weights(256, 256),
  );
  assert.equal(
    uploadBytes(study({ grid: { hiddenSizes: [[64, 32], [512, 128]] } })),
    weights(512, 128),
  );
  assert.equal(
    uploadBytes(study({
      points: [{ hiddenSizes: [300, 20] }, { hiddenSizes: [32, 16] }],
    })),
    weights(300, 20),
  );
});
