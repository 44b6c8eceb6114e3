import {
  axesOf,
  meantValue,
  pointKey,
  trialRecipe,
} from "../../protocol/grid_point.ts";
import { TrialId } from "../../protocol/ids.ts";
import {
  type Params,
  type RecipeFieldName,
  recipeFieldNames,
  recipeFields,
} from "../../protocol/recipe.ts";
import { StudyDefinition, type TrialSpec } from "../../protocol/study.ts";
import { sameValue } from "../lease/same_value.ts";
import { canonicalJson, fnv1a32, type Json } from "./fingerprint.ts";
import {
  checkDigits,
  InvalidStudy,
  pointCount,
  studyPoints,
} from "./points.ts";

/** What a command line changes of a study. */
export interface StudyOverrides {
  /** Repeats of each grid point, in place of the study's. */
  readonly replicates?: number | undefined;
  /** Epochs of each trial, in place of the recipe's. */
  readonly epochs?: number | undefined;
  /** In place of the study's own points. */
  readonly points?: readonly Params[] | undefined;
}

/** A study ready to run. */
export interface StudyPlan {
  /** With the overrides in it. */
  readonly definition: StudyDefinition;
  /** In the order in which to lend them: replicate 0 of every point first. */
  readonly trials: readonly TrialSpec[];
}

/** The data set that a study has unless it names another; frozen. */
const NEUTRAL_DATASET = "fashion-mnist";

/** More than this many trials is a slip of the pen, not a study. */
const MAX_TRIALS = 1_000_000;

/**
 * Eight hexadecimal digits that stand for everything of a study but its axes
 * and replicates: data set, seed and recipe. Trials of two studies of one name
 * that train differently have different ids, so no result is taken for another.
 * What has its default is left out: a field that is added later with a default
 * changes no fingerprint.
 *
 * @param axes The fields that stand in the grid point, and so in the trial's id.
 */
export function recipeFingerprint(
  { dataset, seed, recipe }: StudyDefinition,
  axes: readonly RecipeFieldName[],
): string {
  const changed: Record<string, Json> = {};
  for (const name of recipeFieldNames) {
    const value = recipe[name];
    if (axes.includes(name) || sameValue(value, recipeFields[name].neutral)) {
      continue;
    }
    changed[name] = value;
  }
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
  const changed = StudyDefinition.safeParse({
    ...definition,
    replicates: replicates ?? definition.replicates,
    recipe: Object.fromEntries(
      Object.entries({
        ...definition.recipe,
        epochs: epochs ?? definition.recipe.epochs,
      }).map(([name, value]) => [name, meantValue(value)]),
    ),
    searchSpace: points === undefined ? definition.searchSpace : { points },
  });
  if (changed.success) return changed.data;
  const [issue] = changed.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new InvalidStudy(`study ${definition.id}: ${path}: ${issue?.message}`);
}

/**
 * Lays out the trials of a study, with what the command line changes of it.
 *
 * @throws {InvalidStudy} where the overrides do not fit the study's schema, a
 * rate is too fine to stand in an id, or there would be too many trials.
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
