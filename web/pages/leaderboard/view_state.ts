import { MetricName } from "../../../protocol/leaderboard.ts";
import { StudyId } from "../../../protocol/ids.ts";
import { type RankedMetric, rankedMetrics } from "../../../protocol/metrics.ts";
import { TrialState } from "../../../protocol/views.ts";
import {
  type Params,
  type RecipeFieldName,
  recipeFieldNames,
} from "../../../protocol/recipe.ts";
import { MAX_CHOSEN, parsePoint, pointKey } from "./points.ts";

/** Sortable columns. A table has those of its study. */
export const sortKeys = [
  ...recipeFieldNames,
  "replicates",
  "checks",
  ...MetricName.options,
] as const;
export type SortKey = typeof sortKeys[number];

/** Metrics that are recorded for each epoch. */
export const curveNames = [
  "trainLoss",
  "trainAccuracy",
  "testAccuracy",
] as const;
export type CurveName = typeof curveNames[number];

/** What the band around a curve shows. */
export const bandNames = ["sd", "ci", "none"] as const;
export type BandName = typeof bandNames[number];

/** What a visitor chose. All of it is in the page's URL. */
export interface ViewState {
  /** Null for the active study. */
  readonly study: StudyId | null;
  readonly sort: SortKey;
  readonly descending: boolean;
  /** Metric of the heatmap, or of the chart that replaces it. */
  readonly metric: MetricName;
  /** The heatmap's two axes. Null or an unknown axis means the default. */
  readonly down: RecipeFieldName | null;
  readonly across: RecipeFieldName | null;
  /** A value for each other axis. The heatmap shows the points with them. */
  readonly slice: Params | null;
  readonly curve: CurveName;
  readonly band: BandName;
  /** Whether the curves are drawn on the notebook's axes. */
  readonly seedAxes: boolean;
  /** Metric of the swapped pairs. */
  readonly swap: RankedMetric;
  /** Keys of the points whose curves are shown; null for the default. */
  readonly points: readonly string[] | null;
  /** Page of the table, from 1. */
  readonly page: number;
  /** State of the listed trials; null for all. */
  readonly trials: TrialState | null;
  /** Page of the list of trials, from 1. */
  readonly trialsPage: number;
}

export const defaultViewState: ViewState = {
  study: null,
  sort: "trainLoss",
  descending: false,
  metric: "testAccuracy",
  down: null,
  across: null,
  slice: null,
  curve: "trainLoss",
  band: "sd",
  seedAxes: false,
  swap: "trainLoss",
  points: null,
  page: 1,
  trials: null,
  trialsPage: 1,
};

/** Reads a query. Invalid values get their defaults. */
export function parseViewState(query: URLSearchParams): ViewState {
  const study = StudyId.safeParse(query.get("study"));
  const metric = MetricName.safeParse(query.get("metric"));
  const [sort, direction] = (query.get("sort") ?? "").split(".");
  const known = sortKeys.find((key) => key === sort);
  const points = query.get("points");
  const trials = TrialState.safeParse(query.get("trials"));
  const page = (name: string) => {
    const number = Number(query.get(name));
    return Number.isInteger(number) && number >= 1 ? number : 1;
  };
  const axis = (name: string) =>
    recipeFieldNames.find((field) => field === query.get(name)) ?? null;
  return {
    study: study.success ? study.data : defaultViewState.study,
    sort: known ?? defaultViewState.sort,
    descending: known !== undefined && direction === "desc",
    metric: metric.success ? metric.data : defaultViewState.metric,
    down: axis("down"),
    across: axis("across"),
    slice: parsePoint(query.get("slice") ?? ""),
    curve: curveNames.find((name) => name === query.get("curve")) ??
      defaultViewState.curve,
    band: bandNames.find((name) => name === query.get("band")) ??
      defaultViewState.band,
    seedAxes: query.get("axes") === "seed",
    swap: rankedMetrics.find((name) => name === query.get("swap")) ??
      defaultViewState.swap,
    points: points === null ? null : parsePoints(points),
    page: page("page"),
    trials: trials.success ? trials.data : null,
    trialsPage: Math.min(page("trials-page"), 1_000_000),
  };
}

/** Writes the state into `query`, without default values. */
export function writeViewState(state: ViewState, query: URLSearchParams): void {
  const set = (name: string, value: string | null) =>
    value === null ? query.delete(name) : query.set(name, value);
  const unless = <T>(value: T, usual: T) => value === usual ? null : `${value}`;
  set("study", state.study);
  const sort = `${state.sort}${state.descending ? ".desc" : ""}`;
  set("sort", unless(sort, defaultViewState.sort));
  set("metric", unless(state.metric, defaultViewState.metric));
  set("down", state.down);
  set("across", state.across);
  set("slice", state.slice === null ? null : pointKey(state.slice));
  set("curve", unless(state.curve, defaultViewState.curve));
  set("band", unless(state.band, defaultViewState.band));
  set("axes", state.seedAxes ? "seed" : null);
  set("swap", unless(state.swap, defaultViewState.swap));
  set("points", state.points === null ? null : state.points.join(";"));
  set("page", unless(state.page, 1));
  set("trials", state.trials);
  set("trials-page", unless(state.trialsPage, 1));
}

function parsePoints(text: string): string[] {
  const keys = text.split(";").map(parsePoint)
    .filter((point) => point !== null).map(pointKey);
  return [...new Set(keys)].slice(0, MAX_CHOSEN);
}
