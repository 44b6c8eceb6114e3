import type { StudyDefinition } from "../../protocol/study.ts";
import { builtinStudies } from "./builtin.ts";
import { planStudy } from "./plan.ts";
import { pointsArgument } from "./points.ts";

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
