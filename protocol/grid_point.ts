import * as z from "zod";
import {
  Params,
  type Recipe,
  type RecipeField,
  type RecipeFieldName,
  recipeFieldNames,
  recipeFields,
} from "./recipe.ts";
import type { StudyId, TrialId } from "./ids.ts";
import type { Text } from "./text.ts";

/** Any recipe field's value. */
export type RecipeValue = Recipe[RecipeFieldName];

/** A recipe field by its name, typed for any value. */
export const fieldOf = (name: RecipeFieldName): RecipeField<RecipeValue> =>
  recipeFields[name] as RecipeField<RecipeValue>;

/** The recipe fields that grid points name, in the table's order. */
export function axesOf(
  points: Iterable<{ readonly [K in RecipeFieldName]?: unknown }>,
): RecipeFieldName[] {
  const named = new Set<string>();
  for (const point of points) {
    for (const [name, value] of Object.entries(point)) {
      if (value !== undefined) named.add(name);
    }
  }
  return recipeFieldNames.filter((name) => named.has(name));
}

/** The fields in which a recipe differs from the frozen neutral values. */
export function changedFields(recipe: Recipe): Params {
  const changed: Record<string, RecipeValue> = {};
  for (const name of recipeFieldNames) {
    const value = recipe[name];
    if (formatValue(value) !== formatValue(recipeFields[name].neutral)) {
      changed[name] = value;
    }
  }
  return changed;
}

/** A trial's recipe: the study's recipe with the grid point's values. */
export function trialRecipe(recipe: Recipe, params: Params): Recipe {
  const merged = { ...recipe };
  for (const name of axesOf([params])) {
    Object.assign(merged, { [name]: params[name] });
  }
  return merged;
}

/** Plain decimal digits without an exponent: `0.00005` and not `5e-5`. */
function plainDecimal(value: number): string {
  const [digits = "", exponent] = String(value).split("e");
  if (exponent === undefined) return digits;
  const sign = value < 0 ? "-" : "";
  const [whole = "", fraction = ""] = digits.replace("-", "").split(".");
  const point = whole.length + Number(exponent);
  const all = whole + fraction;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${all}`;
  return sign + all.padEnd(point, "0");
}

/** A field's value as text that loses no digit: `0.00005`, `256x128`, `fused`. */
export function formatValue(value: RecipeValue): string {
  if (typeof value === "number") return plainDecimal(value);
  return typeof value === "string" ? value : value.map(plainDecimal).join("x");
}

/** Plain decimals, with an exponent if need be; no hexadecimal, no `1_000`. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads a field's value from text, as {@linkcode formatValue} writes it.
 * Returns null if the field cannot have this value.
 */
export function parseValue(
  name: RecipeFieldName,
  text: string,
): RecipeValue | null {
  const { kind, schema } = fieldOf(name);
  const numberOf = (part: string) => NUMBER.test(part) ? Number(part) : NaN;
  const value = kind === "name"
    ? text
    : kind === "list"
    ? text.split("x").map(numberOf)
    : numberOf(text);
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Significant digits of a number that a grid point may have. */
export const MOST_DIGITS = 6;

/**
 * Removes a rounding error of arithmetic: 0.1 * 3 is 0.30000000000000004 and
 * means 0.3. Other numbers are returned as they are.
 */
export function meantNumber(value: number): number {
  const short = Number(value.toPrecision(15));
  return Math.abs(short - value) <= Math.abs(value) * 4 * Number.EPSILON
    ? short
    : value;
}

/** {@linkcode meantNumber} for a field's value of any kind. */
export function meantValue(value: RecipeValue): RecipeValue {
  if (typeof value === "number") return meantNumber(value);
  if (typeof value === "string") return value;
  const [first, second] = value;
  return [meantNumber(first), meantNumber(second)];
}

/** Whether a value is short enough to be read in a trial's id. */
export function isPlainValue(value: RecipeValue): boolean {
  return typeof value !== "number" ||
    Number(value.toPrecision(MOST_DIGITS)) === value;
}

/**
 * Names a grid point in trial ids, in addresses and as a key:
 * `d1_0.2-d2_0.5`, `lr_0.1-h_256x128`. Fields stand in the table's order.
 */
export function pointKey(params: Params): string {
  return recipeFieldNames.flatMap((name) => {
    const value = params[name];
    return value === undefined
      ? []
      : [`${recipeFields[name].code}_${formatValue(value)}`];
  }).join("-");
}

/**
 * Whether a trial belongs to a study. A trial's id is the study's id, a
 * fingerprint without dashes, the grid point and the replicate; one study's id
 * may begin with another's.
 */
export function isTrialOf(
  study: StudyId,
  { trialId, params, replicate }: {
    readonly trialId: TrialId;
    readonly params: Params;
    readonly replicate: number;
  },
): boolean {
  const end = `-${pointKey(params)}-r${replicate}`;
  return trialId.startsWith(`${study}-`) && trialId.endsWith(end) &&
    !trialId.slice(study.length + 1, -end.length).includes("-");
}

const nameOfCode: ReadonlyMap<string, RecipeFieldName> = new Map(
  recipeFieldNames.map((name) => [recipeFields[name].code, name]),
);

/** Reads what {@linkcode pointKey} wrote; null for anything else. */
export function parsePoint(key: string): Params | null {
  const params: Record<string, RecipeValue> = {};
  for (const part of key.split("-")) {
    const [code = "", text, ...rest] = part.split("_");
    const name = nameOfCode.get(code);
    if (name === undefined || text === undefined || rest.length > 0) {
      return null;
    }
    const value = parseValue(name, text);
    if (value === null || name in params) return null;
    params[name] = value;
  }
  const parsed = Params.safeParse(params);
  return parsed.success && pointKey(parsed.data) === key ? parsed.data : null;
}

/** A grid point in an address: `d1_0.2-d2_0.5`. */
export const PointKey = z.string().max(200).refine(
  (key) => parsePoint(key) !== null,
  "a grid point names recipe fields and values: d1_0.2-d2_0.5",
);

/** Whether a study varies the two dropout rates and nothing else. */
export function isRatePair(axes: readonly RecipeFieldName[]): boolean {
  return axes.length === 2 && axes.includes("dropout1") &&
    axes.includes("dropout2");
}

/** A point's two dropout rates; one that it does not name is 0, no dropout. */
export function ratesOf(
  { dropout1 = 0, dropout2 = 0 }: Params,
): { dropout1: number; dropout2: number } {
  return { dropout1, dropout2 };
}

/** A recipe field with its value for people: `learning rate = 0.1`. */
export function fieldText(
  name: RecipeFieldName,
  value: RecipeValue | undefined,
): Text {
  const { label } = fieldOf(name);
  const text = value === undefined ? "" : formatValue(value);
  return { en: `${label.en} = ${text}`, zh: `${label.zh} = ${text}` };
}

/**
 * A grid point for people: `(0.2, 0.5)` where it has the two dropout rates and
 * nothing else, and `learning rate = 0.1, weight decay = 0.0001` elsewhere.
 */
export function pointText(params: Params): Text {
  const axes = axesOf([params]);
  if (isRatePair(axes)) {
    const values = axes.flatMap((name) => params[name] ?? []);
    const pair = `(${values.map(formatValue).join(", ")})`;
    return { en: pair, zh: pair };
  }
  const words = (language: keyof Text, separator: string) =>
    axes.map((name) => fieldText(name, params[name])[language])
      .join(separator);
  return { en: words("en", ", "), zh: words("zh", "，") };
}
