import { TrialId } from "../../protocol/ids.ts";
import {
  type Params,
  type SearchSpace,
  StudyDefinition,
  type TrialSpec,
} from "../../protocol/study.ts";
import { canonicalJson, fnv1a32 } from "./fingerprint.ts";
import { InvalidStudy } from "./parse.ts";
import { isPlainRate, RATE_DECIMALS } from "./parse.ts";

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

/** More than this many trials is a slip of the pen, not a study. */
const MAX_TRIALS = 1_000_000;

/** The study's grid points in order, each once. */
export function studyPoints(space: SearchSpace): Params[] {
  const all = "points" in space
    ? space.points
    : space.grid.dropout1.flatMap((dropout1) =>
      space.grid.dropout2.map((dropout2) => ({ dropout1, dropout2 }))
    );
  const seen = new Map<string, Params>();
  for (const { dropout1, dropout2 } of all) {
    const key = `${dropout1},${dropout2}`;
    if (!seen.has(key)) seen.set(key, { dropout1, dropout2 });
  }
  return [...seen.values()];
}

/**
 * Eight hexadecimal digits that stand for everything of a study but its rates
 * and replicates: data set, seed and recipe. Trials of two studies of one name
 * that train differently have different ids, so no result is taken for another.
 */
export function recipeFingerprint(definition: StudyDefinition): string {
  const { dataset, seed, recipe } = definition;
  return fnv1a32(canonicalJson({ dataset, seed, recipe }));
}

function applyOverrides(
  definition: StudyDefinition,
  overrides: StudyOverrides,
): StudyDefinition {
  const { replicates, epochs, points } = overrides;
  const changed = StudyDefinition.safeParse({
    ...definition,
    replicates: replicates ?? definition.replicates,
    recipe: {
      ...definition.recipe,
      epochs: epochs ?? definition.recipe.epochs,
    },
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
  const points = studyPoints(changed.searchSpace);
  for (const { dropout1, dropout2 } of points) {
    for (const rate of [dropout1, dropout2]) {
      if (isPlainRate(rate)) continue;
      throw new InvalidStudy(
        `study ${changed.id}: rate ${rate} is too fine; ` +
          `give at most ${RATE_DECIMALS} digits after the point`,
      );
    }
  }
  const count = points.length * changed.replicates;
  if (count > MAX_TRIALS) {
    throw new InvalidStudy(
      `study ${changed.id}: ${count} trials (${points.length} points x ` +
        `${changed.replicates} replicates) are too many; at most ${MAX_TRIALS}`,
    );
  }
  const fingerprint = recipeFingerprint(changed);
  const trials: TrialSpec[] = [];
  for (let replicate = 0; replicate < changed.replicates; replicate++) {
    for (const params of points) {
      const rates = `d${params.dropout1}-d${params.dropout2}`;
      trials.push({
        trialId: TrialId.parse(
          `${changed.id}-${fingerprint}-${rates}-r${replicate}`,
        ),
        studyId: changed.id,
        params,
        replicate,
        seed: changed.seed,
        recipe: changed.recipe,
      });
    }
  }
  return { definition: changed, trials };
}
