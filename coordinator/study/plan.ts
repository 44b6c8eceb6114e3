import {
  axesOf,
  changedFields,
  meantValue,
  pointKey,
  trialRecipe,
} from "../../protocol/grid_point.ts";
import { TrialId } from "../../protocol/ids.ts";
import type { Params, RecipeFieldName } from "../../protocol/recipe.ts";
import { StudyDefinition, type TrialSpec } from "../../protocol/study.ts";
import { issuesText } from "./parse.ts";
import {
  checkDigits,
  InvalidStudy,
  pointCount,
  studyPoints,
} from "./points.ts";

/** Any JSON value. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * JSON with sorted keys and no spaces: equal values give equal texts, whatever
 * the order of their keys. Undefined fields are left out, as in JSON.stringify.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  const fields = Object.entries(value)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}

/**
 * FNV-1a of the text's UTF-8 bytes, as 8 hexadecimal digits. It distinguishes
 * recipes in a trial's id; it is not a security measure.
 *
 * Source: Fowler, Noll and Vo; IETF draft-eastlake-fnv.
 */
export function fnv1a32(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

/** Changes that a command line makes to a study. */
export interface StudyOverrides {
  /** Repeats of each grid point. */
  readonly replicates?: number | undefined;
  /** Epochs of each trial. */
  readonly epochs?: number | undefined;
  /** Grid points. */
  readonly points?: readonly Params[] | undefined;
}

/** A study ready to run. */
export interface StudyPlan {
  /** With the overrides applied. */
  readonly definition: StudyDefinition;
  /** In the order of leasing: replicate 0 of every point first. */
  readonly trials: readonly TrialSpec[];
}

/** The data set of a study that names none; frozen. */
const NEUTRAL_DATASET = "fashion-mnist";

/** A study with more trials than this is a mistake. */
const MAX_TRIALS = 1_000_000;

/**
 * Eight hexadecimal digits for everything in a study except axes and
 * replicates: data set, seed and recipe. Trials that train differently have
 * different ids, so no result is taken for another trial's. Fields with their
 * default are left out, so a field that is added later changes no fingerprint.
 *
 * @param axes The fields that are in the grid point, and so in the trial's id.
 */
export function recipeFingerprint(
  { dataset, seed, recipe }: StudyDefinition,
  axes: readonly RecipeFieldName[],
): string {
  const changed = changedFields(recipe);
  for (const name of axes) delete changed[name];
  return fnv1a32(canonicalJson({
    ...dataset !== NEUTRAL_DATASET && { dataset },
    ...seed !== 0 && { seed },
    ...Object.keys(changed).length > 0 && { recipe: changed },
  }));
}

function applyOverrides(
  definition: StudyDefinition,
  overrides: StudyOverrides,
): StudyDefinition {
  const { replicates, epochs, points } = overrides;
  const given = {
    ...definition,
    replicates: replicates ?? definition.replicates,
    recipe: Object.fromEntries(
      Object.entries({
        ...definition.recipe,
        epochs: epochs ?? definition.recipe.epochs,
      }).map(([name, value]) => [name, meantValue(value)]),
    ),
    searchSpace: points === undefined ? definition.searchSpace : { points },
  };
  const changed = StudyDefinition.safeParse(given);
  if (changed.success) return changed.data;
  const why = issuesText(changed.error.issues, given);
  throw new InvalidStudy(`study ${definition.id}: ${why}`);
}

/**
 * Lays out the trials of a study, with the command line's changes.
 *
 * @throws {InvalidStudy} if the overrides do not fit the study's schema, a
 * number is too long for an id, or there are too many trials.
 */
export function planStudy(
  definition: StudyDefinition,
  overrides: StudyOverrides = {},
): StudyPlan {
  const changed = applyOverrides(definition, overrides);
  const fail = (why: string) => new InvalidStudy(`study ${changed.id}: ${why}`);
  if (pointCount(changed.searchSpace) > MAX_TRIALS) {
    throw fail(
      `${pointCount(changed.searchSpace)} grid points are too many; ` +
        `at most ${MAX_TRIALS} trials`,
    );
  }
  const points = studyPoints(changed.searchSpace, changed.recipe);
  const axes = axesOf(points);
  if (overrides.epochs !== undefined && axes.includes("epochs")) {
    throw fail("epochs is an axis of this study; leave out --epochs");
  }
  checkDigits(points, fail);
  const count = points.length * changed.replicates;
  if (count > MAX_TRIALS) {
    throw fail(
      `${count} trials (${points.length} points x ` +
        `${changed.replicates} replicates) are too many; at most ${MAX_TRIALS}`,
    );
  }
  const fingerprint = recipeFingerprint(changed, axes);
  const trials: TrialSpec[] = [];
  for (let replicate = 0; replicate < changed.replicates; replicate++) {
    for (const params of points) {
      trials.push({
        trialId: TrialId.parse(
          `${changed.id}-${fingerprint}-${pointKey(params)}-r${replicate}`,
        ),
        studyId: changed.id,
        params,
        replicate,
        seed: changed.seed,
        recipe: trialRecipe(changed.recipe, params),
      });
    }
  }
  return { definition: changed, trials };
}
