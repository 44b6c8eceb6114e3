import type { JSX } from "preact";
import { axesOf, fieldOf, formatValue } from "../../protocol/grid_point.ts";
import {
  type Params,
  type Recipe,
  recipeFieldNames,
} from "../../protocol/recipe.ts";
import { localized } from "./language.ts";

/**
 * Every recipe field with its value, for a list of facts. The fields that the
 * study varies come first.
 *
 * @param recipe as trained: the study's recipe, completed by the grid point
 */
export function recipeFacts(
  recipe: Recipe,
  params: Params,
): (readonly [string, JSX.Element])[] {
  const axes = axesOf([params]);
  const others = recipeFieldNames.filter((name) => !axes.includes(name));
  return [...axes, ...others].map((name) => {
    const { label, unit, meaning } = fieldOf(name);
    const value = formatValue(recipe[name]);
    return [
      localized(label),
      <span key={name} title={localized(meaning)}>
        <b>{unit === null ? value : `${value}\u00a0${localized(unit)}`}</b>
      </span>,
    ] as const;
  });
}
