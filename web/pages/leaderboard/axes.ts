import {
  axesOf,
  fieldOf,
  fieldText,
  formatValue,
  isRatePair,
  type RecipeValue,
} from "../../../protocol/grid_point.ts";
import type { Params, RecipeFieldName } from "../../../protocol/recipe.ts";
import { localized, words } from "../../components/language.ts";
import { leaderboardWords } from "../../i18n/language.ts";

export { axesOf, fieldOf, formatValue, isRatePair };
export type { RecipeFieldName, RecipeValue };

/** The label of an axis: `batch size`. */
export const axisLabel = (axis: RecipeFieldName): string =>
  localized(fieldOf(axis).label);

/** The label of a field with its value: `batch size = 256`. */
export const fieldLabel = (
  name: RecipeFieldName,
  value: RecipeValue | undefined,
): string => localized(fieldText(name, value));

/** The label of an axis with its unit, if any: `batch size (examples)`. */
export function axisName(axis: RecipeFieldName): string {
  const { unit } = fieldOf(axis);
  const label = axisLabel(axis);
  return unit === null
    ? label
    : words(leaderboardWords).axisChart.withUnit(label, localized(unit));
}

/** Compares values of an axis: numbers by size, lists by first difference. */
export function compareValues(a: RecipeValue, b: RecipeValue): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (const [i, value] of a.entries()) {
      const difference = value - (b[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en");
}

/** A function that compares grid points by each of these axes in turn. */
export function pointOrder(axes: readonly RecipeFieldName[]) {
  return (a: Params, b: Params): number => {
    for (const axis of axes) {
      const [x, y] = [a[axis], b[axis]];
      const order = x === undefined || y === undefined
        ? 0
        : compareValues(x, y);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** The values of grid points on an axis: each once, in order. */
export function axisValues(
  points: readonly Params[],
  axis: RecipeFieldName,
): RecipeValue[] {
  const values = new Map<string, RecipeValue>();
  for (const { [axis]: value } of points) {
    if (value !== undefined) values.set(formatValue(value), value);
  }
  return [...values.values()].toSorted(compareValues);
}
