import { type Params, StudyDefinition } from "../../protocol/study.ts";
import { planStudy } from "./plan.ts";
import { pointsArgument } from "./points.ts";

const point = ([dropout1, dropout2]: readonly [number, number]): Params => ({
  dropout1,
  dropout2,
});

/** The notebook's points, in its order. */
const lessonPoints = [
  [0.2, 0.5],
  [0.5, 0.8],
  [0.8, 0.3],
  [0.1, 0.3],
  [0.3, 0.1],
  [0.02, 0.05],
  [0.2, 0.2],
  [0.02, 0.02],
  [0.6, 0.6],
  [0.4, 0.4],
] as const;

/** Partners with swapped rates that the notebook does not have. */
const swappedPoints = [
  [0.5, 0.2],
  [0.8, 0.5],
  [0.3, 0.8],
  [0.05, 0.02],
] as const;

/** No dropout at all, which the notebook did not try. */
const control = [0, 0] as const;

/** Written out, because 0.1 * 3 is not 0.3. */
const tenths = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** The notebook's points, their swapped partners, and a control. */
export const seedStudy: StudyDefinition = StudyDefinition.parse({
  id: "seed",
  title: {
    en: "How the two dropout rates shape training",
    zh: "两层暂退概率如何影响训练",
  },
  searchSpace: {
    points: [...lessonPoints, ...swappedPoints, control].map(point),
  },
  replicates: 3,
});

/** The whole square in steps of 0.1, once each: a map rather than a test. */
export const gridStudy: StudyDefinition = StudyDefinition.parse({
  id: "grid",
  title: {
    en: "A map of both dropout rates from 0 to 0.9",
    zh: "两层暂退概率从 0 到 0.9 的全图",
  },
  searchSpace: { grid: { dropout1: tenths, dropout2: tenths } },
  replicates: 1,
});

/** The studies that need no file, by their names for `--study`. */
export const builtinStudies: ReadonlyMap<string, StudyDefinition> = new Map(
  [seedStudy, gridStudy].map((study) => [study.id, study]),
);

/**
 * The command that runs a study again. A study that is not built in, or that
 * flags cannot describe, is named by a file with its definition.
 */
export function startCommand(definition: StudyDefinition): string {
  const { id, replicates, recipe: { epochs }, searchSpace } = definition;
  const builtin = builtinStudies.get(id);
  const same = (a: unknown, b: unknown) =>
    JSON.stringify(a) === JSON.stringify(b);
  const listed = "points" in searchSpace ? searchSpace.points : undefined;
  const points = same(builtin?.searchSpace, searchSpace) ? undefined : listed;
  const again = builtin && planStudy(builtin, {
    replicates,
    epochs,
    ...points && { points },
  }).definition;
  if (!same(again, definition)) return `deno task start --study ${id}.json`;
  const list = points && pointsArgument(points);
  return `deno task start --study ${id} --replicates ${replicates} ` +
    `--epochs ${epochs}` + (list ? ` --points "${list}"` : "");
}
