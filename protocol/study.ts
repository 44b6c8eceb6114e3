import * as z from "zod";
import { type Infer, Sha256, StudyId, TrialId } from "./ids.ts";
import { Grid, Params, Recipe } from "./recipe.ts";
import { UserText } from "./text.ts";

export { type NetworkName, Params, Recipe } from "./recipe.ts";
export { Text } from "./text.ts";

/** The four IDX files of a data set in the shape of MNIST. */
export type DatasetFileName = Infer<typeof DatasetFileName>;
/** @internal */
export const DatasetFileName = z.enum([
  "trainImages",
  "trainLabels",
  "testImages",
  "testLabels",
]);

/** One IDX file: known by the SHA-256 of its decompressed bytes. */
export type DatasetFile = Infer<typeof DatasetFile>;
/** @internal */
export const DatasetFile = z.strictObject({
  /** File name without `.gz`, as in `train-images-idx3-ubyte`. */
  name: z.string().regex(/^[\w.-]{1,128}$/),
  sha256: Sha256,
  /** Where to download it, gzip-compressed or not; tried in order. */
  urls: z.array(z.url({ error: "needs an address such as https://a.org/b" }))
    .max(8).default([]),
});

const DatasetName = z.string().regex(/^[a-z0-9-]{1,64}$/, {
  error: "a data set's name is 1 to 64 lower-case letters, digits and dashes",
});
const Classes = z.int().min(2).max(1000);

/** A data set that a study names. */
export type DatasetDefinition = Infer<typeof DatasetDefinition>;
/** @internal */
export const DatasetDefinition = z.strictObject({
  name: DatasetName,
  classes: Classes,
  files: z.strictObject({
    trainImages: DatasetFile,
    trainLabels: DatasetFile,
    testImages: DatasetFile,
    testLabels: DatasetFile,
  }),
});

/** The search space: listed points, or all combinations of axes. */
export type SearchSpace = Infer<typeof SearchSpace>;

/** @internal */
export const SearchSpace = z.union([
  z.strictObject({ points: z.array(Params).min(1).max(10_000) }),
  z.strictObject({ grid: Grid }),
]);

const MOST_REPLICATES = 1000;

/** A study as data: what a user's JSON file holds. */
export type StudyDefinition = Infer<typeof StudyDefinition>;
/** @internal */
export const StudyDefinition = z.strictObject({
  id: StudyId,
  title: UserText,
  /** Name of a built-in data set, or a full definition. */
  dataset: z.union([z.literal("fashion-mnist"), DatasetDefinition])
    .default("fashion-mnist"),
  searchSpace: SearchSpace,
  /** Repeats of each grid point; replicate r starts the same at each point. */
  replicates: z.int().min(1).max(MOST_REPLICATES).default(3),
  /** Keys the random generator, with the replicate's number. */
  seed: z.int().min(0).max(0xffff_ffff).default(0),
  recipe: Recipe.prefault({}),
});

/** Of all files together: a larger data set would fill a worker's memory. */
export const MOST_DATASET_BYTES = 1 << 30;

/** A data set's file as the coordinator serves it. */
export type ServedFile = Infer<typeof ServedFile>;
/** @internal */
export const ServedFile = z.strictObject({
  sha256: Sha256,
  /**
   * Path on the coordinator; the body is gzip. It is no full address, because a
   * coordinator must not make its volunteers call other machines.
   */
  path: z.string().regex(/^\/data\/[0-9a-f]{64}\.gz$/),
  /** Size as transferred, unless the answer names another length. */
  compressedBytes: z.int().positive().max(MOST_DATASET_BYTES),
  /** Size once decompressed. */
  bytes: z.int().positive().max(MOST_DATASET_BYTES),
}).refine(
  // Gzip adds less than a thousandth to what it cannot compress.
  ({ compressedBytes, bytes }) => compressedBytes <= bytes * 1.01 + 65_536,
  "compressed, a file is hardly larger than decompressed",
);

/** What a worker needs to fetch and check a data set. */
export type DatasetManifest = Infer<typeof DatasetManifest>;
/** @internal */
export const DatasetManifest = z.strictObject({
  name: DatasetName,
  classes: Classes,
  files: z.strictObject({
    trainImages: ServedFile,
    trainLabels: ServedFile,
    testImages: ServedFile,
    testLabels: ServedFile,
  }),
});

/** One trial: a grid point and a replicate of a study, and how to train it. */
export type TrialSpec = Infer<typeof TrialSpec>;
/** @internal */
export const TrialSpec = z.strictObject({
  trialId: TrialId,
  studyId: StudyId,
  /** Its grid point: the fields that the study varies. */
  params: Params,
  /** Counted from 0. */
  replicate: z.int().min(0).max(MOST_REPLICATES - 1),
  seed: z.int().min(0).max(0xffff_ffff),
  /** The study's recipe with the grid point's values; this is trained. */
  recipe: Recipe,
});
