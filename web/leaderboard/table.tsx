import type { JSX } from "preact";
import type { LeaderboardRow } from "../../coordinator/protocol/leaderboard.ts";
import { MetricName } from "../../coordinator/protocol/leaderboard.ts";
import { linearAxis } from "../charts/scale.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { useHold } from "../ui/hold.ts";
import { Icon } from "../ui/icon.tsx";
import { formats, words } from "../ui/language.ts";
import { Pager } from "../ui/pager.tsx";
import { type Column, columnsOf } from "./columns.ts";
import { sparkScale } from "../charts/sparkline.tsx";
import { rankedMetrics } from "./metrics.ts";
import { pointKey } from "./points.ts";
import { heldOrder, rowOrder } from "./row_order.ts";
import type { LeaderboardState } from "./state.ts";
import { INTERVAL_WIDTH, TableRow } from "./table_row.tsx";
import { curveNames } from "./view_state.ts";

/** Above this the table has pages. */
const MOST_ROWS = 200;
const PAGE_ROWS = 100;

/** Every grid point with its figures. */
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
  const columns = columnsOf(t);
  const sortLabel = [...columns.rates, ...columns.metrics, ...columns.counts]
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
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="points-heading"
        tabIndex={0}
      >
        <table>
          <caption class="hidden">
            {t.table.caption(formats.value.integer(rows.length), sortLabel)}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="pick">
                <span class="hidden">{t.table.show}</span>
              </th>
              {columns.rates.map(header)}
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
                  study={study}
                  axis={axis}
                  metric={metric}
                  best={row.probabilityBest[ranked]}
                  curve={curve}
                  sparks={sparks}
                  sort={view.sort}
                  colour={state.chosen.value.get(key) ?? null}
                  live={state.liveEpochs.value.get(key) ?? null}
                  epochs={state.leaderboard.value?.study.recipe.epochs ?? 0}
                  onToggle={() => state.toggle(key)}
                />
              );
            })}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <Pager
          t={t.table}
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
