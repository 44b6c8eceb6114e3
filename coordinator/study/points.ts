import * as z from "zod";
import {
  axesOf,
  fieldOf,
  formatValue,
  isPlainValue,
  isRatePair,
  meantValue,
  MOST_DIGITS,
  parseValue,
  pointKey,
  type RecipeValue,
  trialRecipe,
} from "../../protocol/grid_point.ts";
import {
  type Grid,
  type Params,
  type Recipe,
  type RecipeFieldName,
  recipeFieldNames,
} from "../../protocol/recipe.ts";
import type { SearchSpace, StudyDefinition } from "../../protocol/study.ts";
import { cleanText } from "../../protocol/text.ts";

/** A study that cannot be run; the message is one line. */
export class InvalidStudy extends Error {
  /** Tells this error from others. */
  override name = "InvalidStudy";

  /** The message may quote a file that a stranger wrote. */
  constructor(message: string) {
    super(cleanText(message));
  }
}

/** Number of points that a search space lists, repeated ones included. */
export function pointCount(space: SearchSpace): number {
  return "points" in space ? space.points.length : axesOf([space.grid]).reduce(
    (count, name) => count * (space.grid[name]?.length ?? 1),
    1,
  );
}

/** Every combination of a grid's values; the last axis changes fastest. */
function gridPoints(grid: Grid): Params[] {
  return axesOf([grid]).reduce<Params[]>(
    (points, name) =>
      points.flatMap((point) =>
        (grid[name] ?? []).map((value) => ({ ...point, [name]: value }))
      ),
    [{}],
  );
}

/**
 * A study's grid points in order, each once. All name the same fields: a point
 * that leaves out another point's field gets the recipe's value.
 */
export function studyPoints(
  space: SearchSpace,
  recipe: Recipe,
): Params[] {
  const all = "points" in space ? space.points : gridPoints(space.grid);
  const axes = axesOf(all);
  const byKey = new Map<string, Params>();
  for (const point of all) {
    const whole: Params = Object.fromEntries(
      axes.map((name) => [name, meantValue(point[name] ?? recipe[name])]),
    );
    const key = pointKey(whole);
    if (!byKey.has(key)) byKey.set(key, whole);
  }
  return [...byKey.values()];
}

/** Refuses points whose numbers are too long for an id. */
export function checkDigits(
  points: readonly Params[],
  fail: (why: string) => InvalidStudy,
): void {
  for (const point of points) {
    for (const name of axesOf([point])) {
      const value = point[name];
      if (value === undefined || isPlainValue(meantValue(value))) continue;
      throw fail(
        `${name} ${formatValue(value)} is too fine; ` +
          `give at most ${MOST_DIGITS} significant digits`,
      );
    }
  }
}

/** A field's allowed values, for error messages. */
function allowedText(name: RecipeFieldName): string {
  const { kind, schema } = fieldOf(name);
  switch (kind) {
    case "list":
      return "two whole numbers with an x between them: 256x128";
    case "name":
      return schema instanceof z.ZodEnum
        ? `one of ${schema.options.join(", ")}`
        : "a name";
    case "number": {
      if (!(schema instanceof z.ZodNumber)) return "a number";
      const { isInt, minValue, maxValue } = schema;
      const least = isInt || minValue === 0 ? `from ${minValue}` : "above 0";
      return `a ${isInt ? "whole " : ""}number ${least} to ${maxValue}`;
    }
    default:
      return kind satisfies never;
  }
}

/** Reads one field's value from the command line. */
function commandValue(
  name: RecipeFieldName,
  text: string,
  point: string,
): RecipeValue {
  const value = parseValue(name, text);
  if (value === null) {
    throw new InvalidStudy(
      `points: "${text}" in "${point}" is no value of ${name}; ` +
        `give ${allowedText(name)}`,
    );
  }
  return meantValue(value);
}

const EXAMPLES = '"0.2,0.5;0.5,0.2" or "learningRate=0.1;learningRate=0.5"';

/** Reads one point: `0.2,0.5`, or `learningRate=0.1,hiddenSizes=256x128`. */
function commandPoint(point: string): Params {
  const parts = point.split(",").map((part) => part.trim());
  if (!point.includes("=")) {
    const [first, second, ...rest] = parts;
    if (first === undefined || second === undefined || rest.length > 0) {
      throw new InvalidStudy(
        `points: "${point}" is not a pair of rates; write points as ${EXAMPLES}`,
      );
    }
    const rate = (name: "dropout1" | "dropout2", part: string) =>
      Number(commandValue(name, part, point));
    return {
      dropout1: rate("dropout1", first),
      dropout2: rate("dropout2", second),
    };
  }
  const params: Record<string, RecipeValue> = {};
  for (const part of parts) {
    const [name = "", text, ...rest] = part.split("=").map((x) => x.trim());
    const field = recipeFieldNames.find((known) => known === name);
    if (field === undefined || text === undefined || rest.length > 0) {
      throw new InvalidStudy(
        `points: "${part}" in "${point}" names no recipe field; ` +
          `there are ${recipeFieldNames.join(", ")}`,
      );
    }
    if (field in params) {
      throw new InvalidStudy(`points: ${field} is twice in "${point}"`);
    }
    params[field] = commandValue(field, text, point);
  }
  return params;
}

/**
 * Reads grid points from the command line: pairs of dropout rates such as
 * `0.2,0.5;0.5,0.2`, or named recipe fields such as
 * `learningRate=0.1;learningRate=0.5`. Repeated points are kept; planning drops
 * them.
 *
 * @throws {InvalidStudy} naming the first point that is wrong.
 */
export function parsePoints(text: string): Params[] {
  const parts = text.split(";").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  if (parts.length === 0) {
    throw new InvalidStudy(`points: none given; write them as ${EXAMPLES}`);
  }
  const points = parts.map(commandPoint);
  checkDigits(points, (why) => new InvalidStudy(`points: ${why}`));
  return points;
}

/** The given points that a study does not have as it is written. */
export function pointsOutside(
  { searchSpace, recipe }: StudyDefinition,
  given: readonly Params[],
): Params[] {
  const trained = (point: Params) => JSON.stringify(trialRecipe(recipe, point));
  const own = new Set(studyPoints(searchSpace, recipe).map(trained));
  return given.filter((point) => !own.has(trained(point)));
}

/**
 * The inverse of {@linkcode parsePoints}, for a command that repeats a study.
 */
export function pointsArgument(points: readonly Params[]): string {
  return points.map((point) => {
    const axes = axesOf([point]);
    const named = !isRatePair(axes);
    return axes.map((name) => {
      const value = point[name];
      const text = value === undefined ? "" : formatValue(value);
      return named ? `${name}=${text}` : text;
    }).join(",");
  }).join(";");
}
