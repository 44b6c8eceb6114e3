import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { StudyId } from "../../coordinator/protocol/ids.ts";
import type { Leaderboard } from "../../coordinator/protocol/leaderboard.ts";
import { LineChart, type Series } from "../charts/line_chart.tsx";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { Icon } from "../ui/icon.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { formats, words } from "../ui/language.ts";
import { pointLink } from "../ui/links.ts";
import { parsePoint, pointKey, pointLabel } from "./points.ts";
import type { LeaderboardState } from "./state.ts";
import { curveNames } from "./view_state.ts";

const labelOf = (key: string) => {
  const params = parsePoint(key);
  return params === null ? key : pointLabel(params);
};

/** The chosen points' learning curves. */
export function Curves(
  { state, leaderboard }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const [at, setAt] = useState<number | null>(null);
  const { curve } = state.view.value;
  const rows = new Map(
    leaderboard.rows.map((row) => [pointKey(row.params), row]),
  );
  const series = [...state.chosen.value].map(([key, colour]): Series => {
    const values = rows.get(key)?.curves[curve] ?? [];
    const sds = rows.get(key)?.curveSds[curve] ?? [];
    return {
      key,
      label: labelOf(key),
      colour,
      values,
      band: values.map((value, i) => {
        const sd = sds[i];
        if (sd === undefined) return null;
        // No loss is below 0, no accuracy above 1.
        const most = curve === "trainLoss" ? Infinity : 1;
        return [Math.max(value - sd, 0), Math.min(value + sd, most)] as const;
      }),
    };
  });
  const epochs = Math.max(
    leaderboard.study.recipe.epochs,
    ...series.map((one) => one.values.length),
  );
  const names = series.map((one) => one.label).join(", ");
  const empty = series.every((one) => one.values.length === 0);
  return (
    <section class="curves" aria-labelledby="curves-heading">
      <div class="section-head">
        <h2 id="curves-heading">{t.curves.heading}</h2>
        <Segmented
          label={t.curves.metric}
          name="curve"
          options={curveNames.map((name) => ({
            value: name,
            label: t.metrics[name].short,
          }))}
          value={curve}
          onChange={(name) => state.change({ curve: name })}
        />
      </div>
      <div class="chart-frame">
        <LineChart
          series={series}
          label={t.curves.chart(t.metrics[curve].short, names)}
          xLabel={t.curves.epoch}
          epochs={epochs}
          format={formats.value.fixed}
          at={at}
          onPoint={setAt}
        />
        {empty && (
          <p class="chart-empty">
            {series.length === 0 ? t.curves.choose : t.curves.noneYet}
          </p>
        )}
      </div>
      <ul class="legend" aria-label={t.curves.chosen}>
        {series.map((one) => (
          <li key={one.key} class={`series-${one.colour}`}>
            <svg class="stroke" viewBox="0 0 28 8" aria-hidden="true">
              <path class="line" d="M1 4h26" />
            </svg>
            <PointName study={leaderboard.study.id} series={one} />
            <span class="value">
              {legendValue(one, at) ?? t.curves.waiting}
            </span>
            <button
              type="button"
              class="remove"
              aria-label={t.curves.remove(one.label)}
              onClick={() => state.toggle(one.key)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      {series.some((one) => one.band?.some((ends) => ends !== null)) && (
        <p class="hint">{t.curves.band}</p>
      )}
      {!empty && (
        <CurvesTable
          series={series}
          epochs={epochs}
          metric={t.metrics[curve].short}
        />
      )}
    </section>
  );
}

/** Leads to the point's own page. */
function PointName(
  { study, series }: { readonly study: StudyId; readonly series: Series },
): JSX.Element {
  const params = parsePoint(series.key);
  if (params === null) return <span class="name">{series.label}</span>;
  return <a class="name" href={pointLink(study, params)}>{series.label}</a>;
}

/** At the epoch pointed at, else the last one there is. */
function legendValue(series: Series, at: number | null): string | null {
  const value = at === null ? series.values.at(-1) : series.values[at - 1];
  return value === undefined ? null : formats.value.fixed(value, 4);
}

function CurvesTable(
  { series, epochs, metric }: {
    readonly series: readonly Series[];
    readonly epochs: number;
    readonly metric: string;
  },
): JSX.Element {
  const t = words(leaderboardWords).curves;
  return (
    <details class="as-table">
      <summary>{t.asTable}</summary>
      <div
        class="table-scroll"
        role="group"
        aria-label={t.asTable}
        tabIndex={0}
      >
        <table>
          <caption class="hidden">
            {t.chart(metric, series.map((one) => one.label).join(", "))}
          </caption>
          <thead>
            <tr>
              <th scope="col">{t.epoch}</th>
              {series.map((one) => (
                <th key={one.key} scope="col">{one.label}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: epochs }, (_, i) => (
              <tr key={i}>
                <th scope="row">{i + 1}</th>
                {series.map((one) => {
                  const value = one.values[i];
                  return (
                    <td key={one.key}>
                      {value === undefined
                        ? "–"
                        : formats.value.fixed(value, 4)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
