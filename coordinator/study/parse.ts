import type * as z from "zod";
import { Grid, Params, Recipe } from "../../protocol/recipe.ts";
import {
  DatasetDefinition,
  DatasetFile,
  StudyDefinition,
  Text,
} from "../../protocol/study.ts";
import { JsonMistake, parseJson } from "./json_text.ts";
import { checkDigits, InvalidStudy } from "./points.ts";

type Issue = z.core.$ZodIssue;

/** The object schemas by their paths, for messages about misspelled fields. */
const OBJECTS: readonly (readonly [RegExp, object])[] = [
  [/^$/, StudyDefinition.shape],
  [/^title$/, Text.shape],
  [/^recipe$/, Recipe.shape],
  [/^dataset$/, DatasetDefinition.shape],
  [/^dataset\.files$/, DatasetDefinition.shape.files.shape],
  [/^dataset\.files\.\w+$/, DatasetFile.shape],
  [/^searchSpace$/, { points: 0, grid: 0 }],
  [/^searchSpace\.points\[\d+\]$/, Params.shape],
  [/^searchSpace\.grid$/, Grid.shape],
];

/** `searchSpace.points[3].dropout1` */
function pathText(path: readonly PropertyKey[]): string {
  return path.map((key, index) =>
    typeof key === "number"
      ? `[${key}]`
      : `${index === 0 ? "" : "."}${String(key)}`
  ).join("");
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "number"
    ? String(value)
    : JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** The value at a path, or undefined. */
function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function limits(issue: Issue): string | undefined {
  switch (issue.code) {
    case "too_small":
      if (issue.origin === "string") {
        return `at least ${issue.minimum} characters`;
      }
      if (issue.origin === "array") return `${issue.minimum} or more items`;
      return issue.inclusive
        ? `${issue.minimum} or more`
        : `more than ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "string") {
        return `at most ${issue.maximum} characters`;
      }
      if (issue.origin === "array") return `${issue.maximum} or fewer items`;
      return issue.inclusive === false
        ? `less than ${issue.maximum}`
        : `${issue.maximum} or less`;
    case "invalid_type":
      return typeText(issue.expected);
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    default:
      return undefined;
  }
}

function typeText(type: string): string {
  switch (type) {
    case "int":
      return "a whole number";
    case "string":
      return "a text in double quotes";
    case "array":
      return "a list in brackets: […]";
    case "tuple":
      return "a list of two, such as [256, 128]";
    case "object":
      return "an object in braces: {…}";
    default:
      return `${/^[aio]/.test(type) ? "an" : "a"} ${type}`;
  }
}

/**
 * For a union, reports the issues of the form that the writer probably meant.
 */
function meantIssue(issue: Issue, root: unknown): Issue {
  if (issue.code !== "invalid_union") return issue;
  const value = valueAt(root, issue.path);
  const path = pathText(issue.path);
  const isObject = typeof value === "object" && value !== null;
  const branch = path === "searchSpace"
    ? (isObject && "grid" in value ? 1 : 0)
    : (isObject ? 1 : 0);
  const [first] = issue.errors[branch] ?? [];
  if (first === undefined) return issue;
  return meantIssue({ ...first, path: [...issue.path, ...first.path] }, root);
}

/**
 * What is wrong with a value that does not fit its schema, and where.
 *
 * @param objects Which fields there are, for whoever misspelt one.
 */
export function explainIssue(
  raw: Issue,
  root: unknown,
  objects: typeof OBJECTS = [],
): { path: string; message: string } {
  const space = raw.path[0] === "searchSpace"
    ? valueAt(root, ["searchSpace"])
    : undefined;
  if (
    typeof space === "object" && space !== null && "points" in space &&
    "grid" in space
  ) {
    return {
      path: "searchSpace",
      message: "has both points and grid; give one of them",
    };
  }
  const issue = meantIssue(raw, root);
  const path = pathText(issue.path);
  const value = valueAt(root, issue.path);
  if (
    path.startsWith("searchSpace.") && value === undefined &&
    issue.path.length === 2
  ) {
    return {
      path: "searchSpace",
      message: "has neither points nor grid; give one of them",
    };
  }
  return { path, message: issueText(issue, path, value, objects) };
}

function issueText(
  issue: Issue,
  path: string,
  value: unknown,
  objects: typeof OBJECTS,
): string {
  if (issue.code === "unrecognized_keys") {
    const known = objects.find(([where]) => where.test(path))?.[1];
    const allowed = known === undefined
      ? ""
      : `; allowed: ${Object.keys(known).join(", ")}`;
    return `unknown ${issue.keys.length === 1 ? "field" : "fields"} ` +
      issue.keys.map(shown).join(", ") + allowed;
  }
  if (path === "dataset" && typeof value === "string") {
    return `${shown(value)} is not built in; ` +
      'use "fashion-mnist", or an object with name, classes and files';
  }
  const limit = limits(issue);
  const allowed = limit === undefined ? issue.message : `needs ${limit}`;
  const found = value === undefined
    ? "missing"
    : `${shown(value)} is not allowed`;
  return `${found}; ${allowed}`;
}

/** The first issue in words, and how many more there are. */
export function issuesText(
  issues: readonly Issue[],
  root: unknown,
  objects: typeof OBJECTS = [],
): string {
  const [first] = issues;
  if (first === undefined) return "";
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  if (first.path.length === 0 && first.code === "invalid_type") {
    return `the file holds ${shown(root)}; it has to hold one JSON object`;
  }
  const { path, message } = explainIssue(first, root, objects);
  return `${path === "" ? "" : `${path}: `}${message}${more}`;
}

/**
 * Reads a study from the text of its JSON file. Missing fields take the
 * schema's defaults.
 *
 * @param source the file's path, for error messages
 * @throws {InvalidStudy} with one line: where, what is wrong, what is allowed.
 */
export function parseStudy(text: string, source?: string): StudyDefinition {
  const where = source === undefined ? "" : `${source}: `;
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonMistake)) throw error;
    throw new InvalidStudy(`${where}${error.message}`);
  }
  const parsed = StudyDefinition.safeParse(json);
  if (!parsed.success) {
    throw new InvalidStudy(
      where + issuesText(parsed.error.issues, json, OBJECTS),
    );
  }
  const { searchSpace } = parsed.data;
  checkDigits(
    "points" in searchSpace
      ? searchSpace.points
      : Object.entries(searchSpace.grid).flatMap(([name, values]) =>
        (values ?? []).map((value) => ({ [name]: value }))
      ),
    (why) => new InvalidStudy(`${where}searchSpace: ${why}`),
  );
  return parsed.data;
}
