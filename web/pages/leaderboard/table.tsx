import type { JSX } from "preact";
import type { StudyId } from "../../../protocol/ids.ts";
import {
  type Estimate,
  type LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import { type Axis, linearAxis } from "../../components/charts/scale.ts";
import {
  Interval,
  Sparkline,
  type SparkScale,
  sparkScale,
} from "../../components/charts/sparkline.tsx";
import { Pager, useHold } from "../../components/controls.tsx";
import { Icon } from "../../components/icon.tsx";
import { TableScroll } from "../../components/tables.tsx";
import { formats, localized, words } from "../../components/language.ts";
import { PointAnchor } from "../../components/site.tsx";
import {
  type LeaderboardWords,
  leaderboardWords,
  trialsWords,
} from "../../i18n/language.ts";
import { rankedMetrics } from "../../../protocol/metrics.ts";
import { formatMetric, isHigherBetter, tableMetrics } from "./metrics.ts";
import {
  axesOf,
  axisName,
  fieldOf,
  formatValue,
  type RecipeFieldName,
} from "./axes.ts";
import { pointKey, pointLabel } from "./points.ts";
import { heldOrder, rowOrder } from "./row_order.ts";
import type { LeaderboardState, LiveEpoch } from "./state.ts";
import { type CurveName, curveNames, type SortKey } from "./view_state.ts";

/** Maximum number of rows on a page. */
const MOST_ROWS = 200;

const PAGE_ROWS = 100;

/** A table of all grid points with their figures. */
export function PointTable(
  { state, rows }: {
    readonly state: LeaderboardState;
    readonly rows: readonly LeaderboardRow[];
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const view = state.view.value;
  const study = state.leaderboard.value?.study.id;
  const wanted = rowOrder(rows, view.sort, view.descending);
  const [order, holding, holdProps] = useHold<readonly string[]>(
    wanted,
    `${view.sort} ${view.descending} ${rows.length === 0}`,
    heldOrder,
  );
  const held = holding && order.some((key, i) => key !== wanted[i]);
  const pages = order.length > MOST_ROWS
    ? Math.ceil(order.length / PAGE_ROWS)
    : 1;
  const page = Math.min(view.page, pages);
  const shown = pages === 1
    ? order
    : order.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS);
  const byKey = new Map(rows.map((row) => [pointKey(row.params), row]));
  const sorted = MetricName.safeParse(view.sort);
  const metric = sorted.success ? sorted.data : "trainLoss";
  const ranked = rankedMetrics.find((name) => name === metric) ?? "trainLoss";
  const axis = linearAxis(
    rows.flatMap((row) => {
      const { mean, low, high } = row.metrics[metric];
      return [mean, low, high].filter((value) => value !== null);
    }),
    [8, INTERVAL_WIDTH - 8],
    4,
    false,
  );
  const curve = curveNames.find((name) => name === view.sort) ?? "trainLoss";
  const sparks = sparkScale(rows.map((row) => row.curves[curve]));
  const ends = axis.domain.map((end) => formats.value.fixed(end, 2));
  const axes = axesOf(rows.map(({ params }) => params));
  const epochs = state.leaderboard.value?.study.recipe.epochs ?? 0;
  const columns = columnsOf(t, axes);
  const sortLabel = [...columns.axes, ...columns.metrics, ...columns.counts]
    .find((column) => column.key === view.sort)?.label ??
    t.metrics[metric].short;
  const header = (column: Column) => (
    <HeaderCell key={column.key} column={column} state={state} />
  );
  return (
    <section class="points" aria-labelledby="points-heading">
      <div class="section-head">
        <h2 id="points-heading">{t.table.heading}</h2>
        <p class={held ? "held" : "held is-away"} aria-hidden={!held}>
          {t.table.held}
        </p>
      </div>
      <TableScroll label="#points-heading">
        <table>
          <caption class="hidden">
            {t.table.caption(formats.value.integer(rows.length), sortLabel)}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="pick">
                <span class="hidden">{t.table.show}</span>
              </th>
              {columns.axes.map(header)}
              <th scope="col" class="interval-head">
                <span>{t.table.interval(t.metrics[metric].short)}</span>
                <span class="ends" aria-hidden="true">
                  <span>{ends[0]}</span>
                  <span>{ends[1]}</span>
                </span>
              </th>
              <th
                scope="col"
                title={t.table.bestNote(t.metrics[ranked].short)}
              >
                {t.table.best}
              </th>
              {columns.metrics.map(header)}
              <th
                scope="col"
                class="spark-head"
                title={t.curves.title(t.metrics[curve].short)}
              >
                {t.table.byEpoch}
              </th>
              {columns.counts.map(header)}
            </tr>
          </thead>
          <tbody {...holdProps}>
            {shown.map((key) => {
              const row = byKey.get(key);
              return row !== undefined && study !== undefined && (
                <TableRow
                  key={key}
                  row={row}
                  axes={axes}
                  study={study}
                  axis={axis}
                  metric={metric}
                  best={row.probabilityBest[ranked]}
                  curve={curve}
                  sparks={sparks}
                  sort={view.sort}
                  colour={state.chosen.value.get(key) ?? null}
                  live={state.liveEpochs.value.get(key) ?? null}
                  epochs={row.params.epochs ?? epochs}
                  onToggle={() => state.toggle(key)}
                />
              );
            })}
          </tbody>
        </table>
      </TableScroll>
      {pages > 1 && (
        <Pager
          label={t.table.pages}
          page={page}
          pages={pages}
          onPage={(next) => state.change({ page: next })}
        />
      )}
    </section>
  );
}

function HeaderCell(
  { column, state }: {
    readonly column: Column;
    readonly state: LeaderboardState;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const view = state.view.value;
  const sorted = view.sort === column.key;
  const sort = () =>
    state.change({
      sort: column.key,
      descending: sorted ? !view.descending : column.descendingFirst,
      page: 1,
    });
  return (
    <th
      scope="col"
      class={sorted ? "is-sorted" : undefined}
      aria-sort={sorted
        ? (view.descending ? "descending" : "ascending")
        : "none"}
    >
      <button
        type="button"
        class="sort"
        title={column.note ?? t.table.sortBy(column.label)}
        onClick={sort}
      >
        <span>{column.label}</span>
        <Icon name={sorted ? (view.descending ? "down" : "up") : "sort"} />
      </button>
    </th>
  );
}

/** Width of the column of intervals in CSS pixels. */
export const INTERVAL_WIDTH = 104;

/** The row of a grid point. A click on it shows or hides its curve. */
export function TableRow(
  {
    row,
    axes,
    study,
    axis,
    metric,
    best,
    curve,
    sparks,
    sort,
    colour,
    live,
    epochs,
    onToggle,
  }: {
    readonly row: LeaderboardRow;
    /** Each axis has a column. */
    readonly axes: readonly RecipeFieldName[];
    /** For links to the point's page. */
    readonly study: StudyId;
    /** Scale and metric of the column of intervals. */
    readonly axis: Axis;
    readonly metric: MetricName;
    /** Probability that this point is the best one; null if unknown. */
    readonly best: number | null;
    /** Metric and scale of the column of sparklines. */
    readonly curve: CurveName;
    readonly sparks: SparkScale;
    readonly sort: SortKey;
    readonly colour: number | null;
    readonly live: LiveEpoch | null;
    readonly epochs: number;
    readonly onToggle: () => void;
  },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const estimate = row.metrics[metric];
  const click = (event: MouseEvent) => {
    // The checkbox handles its own click, and selecting text is no click.
    const onControl = event.target instanceof Element &&
      event.target.closest("label, button, a") !== null;
    if (!onControl && getSelection()?.isCollapsed !== false) onToggle();
  };
  const chosen = colour !== null;
  return (
    <tr
      class={chosen ? `is-chosen series-${colour}` : undefined}
      onClick={click}
    >
      <td class="pick">
        <label>
          <input type="checkbox" checked={chosen} onChange={onToggle} />
          <span class="swatch" aria-hidden="true" />
          <span class="hidden">{t.showPoint(pointLabel(row.params))}</span>
        </label>
      </td>
      {axes.map((name, i) => {
        const value = row.params[name];
        const text = value === undefined ? t.noFigure : formatValue(value);
        return i > 0
          ? <td key={name} class="rate">{text}</td>
          : (
            <th key={name} scope="row" class="rate">
              <PointAnchor
                study={study}
                params={row.params}
                title={words(trialsWords).pointTitle(pointLabel(row.params))}
              >
                {text}
              </PointAnchor>
            </th>
          );
      })}
      <td class="interval-cell">
        {estimate.mean === null ? null : (
          <Interval
            axis={axis}
            width={INTERVAL_WIDTH}
            mean={estimate.mean}
            low={estimate.low}
            high={estimate.high}
          />
        )}
      </td>
      <td class="best">
        <Best probability={best} />
      </td>
      {tableMetrics.map((name) => (
        <td key={name} class={name === sort ? "figure is-sorted" : "figure"}>
          <Figure estimate={row.metrics[name]} metric={name} />
        </td>
      ))}
      <td class="spark-cell">
        <Sparkline
          values={row.curves[curve]}
          scale={sparks}
          epochs={epochs}
          label={sparkLabel(row.curves[curve], curve)}
        />
      </td>
      <td class="replicates">
        <Replicates row={row} live={live} epochs={epochs} />
      </td>
      <td class="checks">
        {row.replicatesDone === 0
          ? <span class="faint">{t.noFigure}</span>
          : (
            <span
              class={row.checksPassed === row.replicatesDone
                ? "check-all"
                : "check-some"}
            >
              <Icon
                name={row.checksPassed === row.replicatesDone
                  ? "check"
                  : "alert"}
              />
              {t.ofPlanned(
                formats.value.integer(row.checksPassed),
                formats.value.integer(row.replicatesDone),
              )}
            </span>
          )}
      </td>
    </tr>
  );
}

/** Probability at which a point is marked as the best one. */
const SURE = 0.95;

/** The probability that the point is the best one, marked if it is high. */
function Best(
  { probability }: { readonly probability: number | null },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const { percent } = formats.value;
  if (probability === null) return <span class="faint">{t.noFigure}</span>;
  const text = probability > 0 && probability < 0.005
    ? `< ${percent(0.01, 0)}`
    : probability < 1 && probability >= 0.995
    ? `> ${percent(0.99, 0)}`
    : percent(probability, 0);
  if (probability < SURE) return <>{text}</>;
  return (
    <span class="tag is-best" title={t.isBestNote}>
      <Icon name="check" />
      {t.isBest(text)}
    </span>
  );
}

/** The text of a sparkline for screen readers. */
function sparkLabel(values: readonly number[], curve: CurveName): string {
  const { curves, metrics } = words(leaderboardWords);
  const [first, last] = [values[0], values.at(-1)];
  if (first === undefined || last === undefined) return curves.noneYet;
  return curves.fromTo(
    metrics[curve].short,
    formatMetric(curve, first, formats.value),
    formatMetric(curve, last, formats.value),
  );
}

/** A mean and half the width of its interval. */
function Figure(
  { estimate, metric }: {
    readonly estimate: Estimate;
    readonly metric: MetricName;
  },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const { mean, high } = estimate;
  if (mean === null) return <span class="faint">{t.noFigure}</span>;
  return (
    <>
      <span class="mean">{formatMetric(metric, mean, formats.value)}</span>
      {high === null
        ? <span class="spread" title={t.noIntervalNote}>{t.noInterval}</span>
        : (
          <span class="spread">
            ±{formatMetric(metric, high - mean, formats.value)}
          </span>
        )}
    </>
  );
}

function Replicates(
  { row, live, epochs }: {
    readonly row: LeaderboardRow;
    readonly live: LiveEpoch | null;
    readonly epochs: number;
  },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const count = formats.value.integer;
  return (
    <>
      <span class="count">
        {t.ofPlanned(count(row.replicatesDone), count(row.replicatesPlanned))}
      </span>
      {row.replicatesRunning > 0 && (
        <span class="tag is-running">
          {live === null
            ? t.running(count(row.replicatesRunning))
            : t.epochNow(count(live.epoch), count(epochs))}
        </span>
      )}
      {row.diverged > 0 && (
        <span class="tag is-diverged" title={t.divergedNote}>
          {t.diverged(count(row.diverged))}
        </span>
      )}
      {row.replicatesQuarantined > 0 && (
        <span class="tag is-quarantined" title={t.quarantinedNote}>
          {t.quarantined(count(row.replicatesQuarantined))}
        </span>
      )}
    </>
  );
}

/** A sortable column of the table. */
export interface Column {
  readonly key: SortKey;
  readonly label: string;
  readonly note: string | null;
  /** Whether the first click sorts the highest value to the top. */
  readonly descendingFirst: boolean;
}

/** The sortable columns. The axes come first, as a narrow screen shows them. */
export function columnsOf(
  t: LeaderboardWords,
  axes: readonly RecipeFieldName[],
): {
  readonly axes: readonly Column[];
  readonly metrics: readonly Column[];
  readonly counts: readonly Column[];
} {
  const plain = (
    key: SortKey,
    label: string,
    note: string | null,
    descendingFirst = false,
  ): Column => ({ key, label, note, descendingFirst });
  return {
    axes: axes.map((axis) =>
      plain(axis, localized(fieldOf(axis).short), axisName(axis))
    ),
    metrics: tableMetrics.map((metric) =>
      plain(
        metric,
        t.metrics[metric].short,
        t.metrics[metric].note,
        isHigherBetter(metric),
      )
    ),
    counts: [
      plain("replicates", t.table.replicates, t.table.replicatesNote, true),
      plain("checks", t.table.checks, t.table.checksNote, true),
    ],
  };
}
