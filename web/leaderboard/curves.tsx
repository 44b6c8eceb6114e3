import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { StudyId } from "../../coordinator/protocol/ids.ts";
import type { Leaderboard } from "../../coordinator/protocol/leaderboard.ts";
import { LineChart, type Series } from "../charts/line_chart.tsx";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { Icon } from "../ui/icon.tsx";
import { formats, words } from "../ui/language.ts";
import { curveSeries } from "./curve_series.ts";
import { CurvesTable } from "./curves_table.tsx";
import { PointAnchor } from "../ui/point_anchor.tsx";
import { parsePoint, pointKey, pointLabel } from "./points.ts";
import { SaveChart } from "./save_chart.tsx";
import { SeedCurves } from "./seed_curves.tsx";
import type { LeaderboardState } from "./state.ts";
import { BandPicker, CurvePicker } from "./curve_pickers.tsx";

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
  const frame = useRef<HTMLDivElement>(null);
  const { curve, band, seedAxes } = state.view.value;
  const rows = new Map(
    leaderboard.rows.map((row) => [pointKey(row.params), row]),
  );
  const series = [...state.chosen.value].map(([key, colour]): Series =>
    curveSeries(rows.get(key), curve, band, {
      key,
      label: labelOf(key),
      colour,
    })
  );
  const epochs = Math.max(
    leaderboard.study.recipe.epochs,
    ...series.map((one) => one.values.length),
  );
  const names = series.map((one) => one.label).join(", ");
  const empty = series.every((one) => one.values.length === 0);
  const title = t.curves.chart(t.metrics[curve].short, names);
  const banded = series.some((one) => one.band?.some((ends) => ends !== null));
  const hint = !banded
    ? null
    : band === "ci"
    ? t.curves.interval
    : t.curves.band;
  return (
    <section class="curves" aria-labelledby="curves-heading">
      <div class="section-head">
        <h2 id="curves-heading">{t.curves.heading}</h2>
        <CurvePicker state={state} />
      </div>
      {!seedAxes && (
        <p class="printed">{t.curves.title(t.metrics[curve].short)}</p>
      )}
      {seedAxes
        ? (
          <SeedCurves
            leaderboard={leaderboard}
            series={series}
            rows={rows}
            epochs={epochs}
            at={at}
            onPoint={setAt}
          />
        )
        : (
          <div class="chart-frame" ref={frame}>
            <LineChart
              series={series}
              label={title}
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
        )}
      <ul class="legend" aria-label={t.curves.chosen}>
        {series.map((one) => (
          <li key={one.key} class={`series-${one.colour}`}>
            {!seedAxes && (
              <svg class="stroke" viewBox="0 0 28 8" aria-hidden="true">
                <path class="line" d="M1 4h26" />
              </svg>
            )}
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
      {!seedAxes && !empty && (
        <>
          <BandPicker state={state} />
          {hint !== null && <p class="hint">{hint}</p>}
          <SaveChart
            leaderboard={leaderboard}
            name={`curves-${curve}`}
            title={t.curves.title(t.metrics[curve].short)}
            subtitle={hint ?? ""}
            chart={() => frame.current?.querySelector("svg") ?? null}
            legend={() =>
              series.map(({ label, colour }) => ({
                label,
                className: `series-${colour}`,
              }))}
          />
          <CurvesTable
            series={series}
            epochs={epochs}
            caption={title}
          />
        </>
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
  return (
    <PointAnchor study={study} params={params} class="name">
      {series.label}
    </PointAnchor>
  );
}

/** At the epoch pointed at, else the last one there is. */
function legendValue(series: Series, at: number | null): string | null {
  const value = at === null ? series.values.at(-1) : series.values[at - 1];
  return value === undefined ? null : formats.value.fixed(value, 4);
}
