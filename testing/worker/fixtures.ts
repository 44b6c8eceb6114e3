import { Sha256, StudyId, TrialId } from "../../protocol/ids.ts";
import type { ProblemType } from "../../protocol/problem.ts";
import {
  DatasetManifest,
  Recipe,
  type TrialSpec,
} from "../../protocol/study.ts";
import type { EpochMetrics } from "../../protocol/training.ts";
import { ProblemError } from "../../worker/session/swarm_client.ts";

/** Values of the protocol for tests of the worker. */

/** Numbered ids in the shape of a UUID. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

/** A manifest whose hashes depend only on `digit`. */
export function manifest(digit = "a"): DatasetManifest {
  const file = (end: string) => {
    const sha256 = Sha256.parse(digit.repeat(63) + end);
    const path = `/data/${sha256}.gz`;
    return { sha256, path, compressedBytes: 10, bytes: 20 };
  };
  return DatasetManifest.parse({
    name: "tiny",
    classes: 10,
    files: {
      trainImages: file("0"),
      trainLabels: file("1"),
      testImages: file("2"),
      testLabels: file("3"),
    },
  });
}

/** Trial number `replicate` of a study of 3 epochs. */
export function trialSpec(replicate: number): TrialSpec {
  return {
    trialId: TrialId.parse(`tiny-r${replicate}`),
    studyId: StudyId.parse("tiny"),
    params: { dropout1: 0.2, dropout2: 0.5 },
    replicate,
    seed: 0,
    recipe: Recipe.parse({ epochs: 3, dropout1: 0.2, dropout2: 0.5 }),
  };
}

export function epochMetrics(epoch: number): EpochMetrics {
  return {
    epoch,
    trainLoss: 1 / epoch,
    trainAccuracy: 0.5,
    trainLossDropoutOff: 1 / epoch,
    testLoss: 1 / epoch,
    testAccuracy: 0.5,
    seconds: 1,
  };
}

export function problemError(
  type: ProblemType,
  status: number,
  retryAfterSeconds: number | null = null,
): ProblemError {
  const detail = `the coordinator says ${type}`;
  return new ProblemError(
    { type, title: type, status, detail },
    retryAfterSeconds,
  );
}
