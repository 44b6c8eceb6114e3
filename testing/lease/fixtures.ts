import {
  LeaseId,
  Sha256,
  StudyId,
  TrialId,
  WorkerId,
} from "../../protocol/ids.ts";
import {
  DatasetManifest,
  Recipe,
  StudyDefinition,
  TrialSpec,
} from "../../protocol/study.ts";
import {
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import type {
  NewWorker,
  TrialChange,
} from "../../coordinator/storage/storage.ts";
import type { Random } from "../../coordinator/service/service_types.ts";
import type { Schedule } from "../../coordinator/service/event_hub.ts";
import type { LogFields, LogLevel } from "../../coordinator/service/log.ts";
import { hashSecret } from "../../coordinator/service/token.ts";
import type { Delivery } from "../../coordinator/lease/trial.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/** Small studies, results and clocks that tests share. */

/** A clock that only tests move. */
export interface FakeClock {
  now: () => number;
  advance(milliseconds: number): void;
  schedule: Schedule;
}

/** Starts in 2026; `advance` runs scheduled functions in order. */
export function fakeClock(): FakeClock {
  let now = Date.UTC(2026, 0, 1);
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end)
          .sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.run();
      }
      now = end;
    },
    schedule(milliseconds, run) {
      const timer = { at: now + milliseconds, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
}

/** The nth id, in the shape of a random one. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
}

export const leaseId = (n: number) => LeaseId.parse(uuid(n));
export const workerId = (n: number) => WorkerId.parse(uuid(0x10000 + n));

export const seed = StudyId.parse("seed");

/** A study with one grid point for each rate, equal in both layers. */
export function smallStudy(
  { id = "seed", epochs = 2, replicates = 2, rates = [0.2, 0.5] } = {},
): { definition: StudyDefinition; trials: TrialSpec[] } {
  const definition = StudyDefinition.parse({
    id,
    title: { en: "Small", zh: "小" },
    searchSpace: {
      points: rates.map((rate) => ({ dropout1: rate, dropout2: rate })),
    },
    replicates,
    recipe: { epochs },
  });
  const trials = Array.from(
    { length: replicates },
    (_, replicate) =>
      rates.map((rate) =>
        TrialSpec.parse({
          trialId: TrialId.parse(`${id}-e${epochs}-d${rate}-r${replicate}`),
          studyId: id,
          params: { dropout1: rate, dropout2: rate },
          replicate,
          seed: 0,
          recipe: Recipe.parse({ epochs, dropout1: rate, dropout2: rate }),
        })
      ),
  ).flat();
  return { definition, trials };
}

/** A planned trial in the form of a storage's changes. */
export function plannedTrial(spec: TrialSpec, position: number): TrialChange {
  return {
    spec,
    position,
    planned: true,
    state: "queued",
    result: null,
    workerId: null,
  };
}

/** Plausible figures of an epoch; `loss` varies them. */
export function epochMetrics(epoch: number, loss = 0.6): EpochMetrics {
  return {
    epoch,
    trainLoss: loss * (0.5 + 0.5 / epoch),
    trainAccuracy: 0.8,
    trainLossDropoutOff: loss * (0.5 + 0.5 / epoch),
    testLoss: loss,
    testAccuracy: 0.75,
    seconds: 1.5,
  };
}

/** A result that passes the checks. */
export function trained(epochs = 2, loss = 0.6): TrialResult {
  const all = Array.from(
    { length: epochs },
    (_, i) => epochMetrics(i + 1, loss),
  );
  const final = all.at(-1);
  if (final === undefined) throw new Error("the result has no epochs");
  return {
    outcome: "trained",
    epochs: all,
    backend: "simd",
    seconds: 3.25,
    checks: d2lChecks(final),
  };
}

/** A delivered result, with weights if it was trained. */
export function delivery(result: TrialResult): Delivery {
  const weights = Sha256.parse("f".repeat(64));
  return { result, weights: result.outcome === "trained" ? weights : null };
}

/** A worker for the storage. */
export function newWorker(n: number, threads = 1): NewWorker {
  return {
    workerId: workerId(n),
    name: `worker ${n}`,
    kind: "deno",
    threads,
    device: null,
    protocolVersion: PROTOCOL_VERSION,
    tokenHash: hashSecret(String(n)),
  };
}

const file = (digit: string) => ({
  sha256: digit.repeat(64),
  path: `/data/${digit.repeat(64)}.gz`,
  compressedBytes: 10,
  bytes: 20,
});

export const manifest = DatasetManifest.parse({
  name: "fashion-mnist",
  classes: 10,
  files: {
    trainImages: file("a"),
    trainLabels: file("b"),
    testImages: file("c"),
    testLabels: file("d"),
  },
});

/** The same with ten test images of four pixels, for weights' lengths. */
export const tinyManifest: DatasetManifest = {
  ...manifest,
  files: {
    ...manifest.files,
    testImages: { ...manifest.files.testImages, bytes: 16 + 10 * 4 },
    testLabels: { ...manifest.files.testLabels, bytes: 8 + 10 },
  },
};

/** Ids and bytes that count up: unique, and the same in each run. */
export function countingRandom(): Random {
  let n = 0;
  return {
    uuid: () => uuid(++n),
    bytes: (count) => new Uint8Array(count).fill(++n),
  };
}

/** A log that records its messages. */
export interface Logged {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}
