/**
 * A volunteer swarm that measures how dropout rates and other settings change
 * training: coordinator, studies, analysis and random numbers as a library. The
 * commands `deno task start` and `deno task join` use the same parts.
 *
 * Importing this module loads no TensorFlow.js and needs no permission. Training
 * is in the entry `/training`, a worker that joins a swarm in `/worker`, and the
 * leaderboard for a terminal in `/terminal`.
 *
 * Plan a study, here two points of a built-in one:
 *
 * ```ts
 * import {
 *   builtinStudies,
 *   parsePoints,
 *   planStudy,
 * } from "@dropout-swarm/dropout-swarm";
 *
 * const seed = builtinStudies.get("seed");
 * if (seed === undefined) throw new Error("it is built in");
 * const plan = planStudy(seed, {
 *   points: parsePoints("0.2,0.5; 0.5,0.2"),
 *   replicates: 5,
 * });
 * console.assert(plan.trials.length === 10);
 * ```
 *
 * Lease its trials to workers, from your own server:
 *
 * ```ts
 * import {
 *   datasetDefinition,
 *   findDataset,
 *   openSwarm,
 *   type StudyPlan,
 * } from "@dropout-swarm/dropout-swarm";
 *
 * async function serve(plan: StudyPlan) {
 *   const { manifest, folder } = await findDataset(
 *     datasetDefinition(plan.definition.dataset),
 *     { cacheDir: "data" },
 *   );
 *   const swarm = await openSwarm({
 *     plan,
 *     dataset: manifest,
 *     dataFolder: folder,
 *     database: "swarm.db",
 *   });
 *   await Deno.serve(swarm.fetch).finished;
 *   await swarm.close();
 * }
 * ```
 *
 * Draw the same mask as every device at this place of this replicate:
 *
 * ```ts
 * import { dropoutKey, dropoutMask } from "@dropout-swarm/dropout-swarm";
 *
 * const key = dropoutKey({ seed: 0, replicate: 0 }, 1);
 * const mask = dropoutMask(key, { epoch: 0, step: 0 }, 0.5, 8);
 * console.assert(mask.every((scale) => scale === 0 || scale === 2));
 * ```
 *
 * @module
 */

// Studies: a definition is planned into trials.
export { builtinStudies } from "./coordinator/study/builtin.ts";
export { InvalidStudy } from "./coordinator/study/points.ts";
export { parseStudy } from "./coordinator/study/parse.ts";
export {
  planStudy,
  type StudyOverrides,
  type StudyPlan,
} from "./coordinator/study/plan.ts";
export { parsePoints } from "./coordinator/study/points.ts";
export type {
  LeaseId,
  Sha256,
  StudyId,
  TrialId,
  WorkerId,
} from "./protocol/ids.ts";
export type {
  DatasetDefinition,
  DatasetFile,
  DatasetFileName,
  DatasetManifest,
  NetworkName,
  Params,
  Recipe,
  SearchSpace,
  ServedFile,
  StudyDefinition,
  Text,
  TrialSpec,
} from "./protocol/study.ts";
export type { UserText } from "./protocol/text.ts";

// A study's data set on this machine's disk.
export type {
  DownloadProgress,
  RunCommand,
} from "./worker/data/dataset_sources.ts";
export {
  datasetDefinition,
  type DebianPackage,
} from "./worker/data/fashion_mnist.ts";
export {
  DatasetNotFoundError,
  findDataset,
  type FindDatasetOptions,
  type FoundDataset,
} from "./worker/data/find_dataset.ts";
export { IdxError } from "./worker/data/idx.ts";

// Random numbers: each is a function of its place in training.
export {
  batchOrder,
  dropoutKey,
  dropoutMask,
  initialBiases,
  initialWeights,
  type LayerShape,
  type MaskPosition,
  type Replicate,
} from "./worker/random/draws.ts";
export {
  fillThreefry4x32,
  type RandomCounter,
  type RandomKey,
  threefry4x32,
} from "./worker/random/threefry.ts";

// Results and their checks.
export {
  type BackendName,
  type D2lChecks,
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "./protocol/training.ts";
export { checkResult } from "./coordinator/verification/check_result.ts";

// The lease machine: pure, for simulations and other storages.
export { checkInvariants } from "./coordinator/lease/invariants.ts";
export { defaultPolicy, type Policy } from "./coordinator/lease/policy.ts";
export { transition } from "./coordinator/lease/transition.ts";
export {
  type AcceptedResult,
  type Attempt,
  type AttemptBase,
  type Delivery,
  type Ended,
  type Instant,
  newTrial,
  type RecomputedFigures,
  type RunningAttempt,
  type TrialBase,
  type TrialRecord,
} from "./coordinator/lease/trial.ts";
export type {
  Effect,
  Fence,
  Rejection,
  Reply,
  ResultVerdict,
  Transition,
  TrialEvent,
} from "./coordinator/lease/events.ts";

// The coordinator as one function from requests to answers.
export type {
  Assets,
  ServedBytes,
} from "./coordinator/http/middleware/responses.ts";
export { folderAssets } from "./coordinator/storage/served_files.ts";
export type { Limits, Rate } from "./coordinator/http/limits/rates.ts";
export {
  type CallerInfo,
  openSwarm,
  StudyDeletedError,
  type Swarm,
  type SwarmOptions,
} from "./coordinator/open_swarm.ts";
export {
  StorageError,
  type StorageErrorCode,
} from "./coordinator/storage/storage.ts";
export type { Log, LogFields, LogLevel } from "./coordinator/service/log.ts";

// The protocol for workers.
export type { Problem, ProblemType } from "./protocol/problem.ts";
export type {
  CompleteRequest,
  CompleteResponse,
  Lease,
  LeaseRequest,
  NoLeaseReason,
  RegisterRequest,
  RegisterResponse,
  ReleaseRequest,
  RenewRequest,
  RenewResponse,
  ReportRequest,
} from "./protocol/lease.ts";
export { PROTOCOL_VERSION } from "./protocol/version.ts";
export {
  type ClientOptions,
  createClient,
  type HttpClient,
} from "./worker/client.ts";
export {
  type LeaseAnswer,
  ProblemError,
  type SwarmClient,
  UnreachableError,
} from "./worker/session/swarm_client.ts";

// Analysis: from results to figures and verdicts in words.
export {
  type Analyser,
  createAnalyser,
  type TrialOutcome,
} from "./coordinator/analysis/analyser.ts";
export { leaderboardCsv } from "./coordinator/analysis/csv.ts";
export type {
  Comparison,
  Curves,
  Estimate,
  Leaderboard,
  LeaderboardRow,
  MetricName,
  Progress,
  SeedRemark,
  Swap,
  SwapFigures,
  Verdict,
  VerdictName,
} from "./protocol/leaderboard.ts";
export type { TrialState } from "./protocol/views.ts";
