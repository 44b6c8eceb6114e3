import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { StudyId } from "../../../protocol/ids.ts";
import type {
  Leaderboard,
  LeaderboardRow,
} from "../../../protocol/leaderboard.ts";
import {
  LineChart,
  type Series,
  SeriesTable,
  Stroke,
} from "../../components/charts/line_chart.tsx";
import { Segmented } from "../../components/controls.tsx";
import { Icon } from "../../components/icon.tsx";
import { formats, words } from "../../components/language.ts";
import { PointAnchor } from "../../components/site.tsx";
import { leaderboardWords } from "../../i18n/language.ts";
import { curveSeries } from "./curve_series.ts";
import { parsePoint, pointKey, pointLabel } from "./points.ts";
import { SaveChart } from "./save_chart.tsx";
import type { LeaderboardState } from "./state.ts";
import { bandNames, curveNames } from "./view_state.ts";

const labelOf = (key: string) => {
  const params = parsePoint(key);
  return params === null ? key : pointLabel(params);
};

/** The learning curves of the chosen points. */
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
    ...leaderboard.rows.map(({ params }) =>
      params.epochs ?? leaderboard.study.recipe.epochs
    ),
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
            {!seedAxes && <Stroke />}
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
          <SeriesTable
            series={series}
            epochs={epochs}
            words={t.curves}
            caption={title}
          />
        </>
      )}
    </section>
  );
}

/** Links to the point's page. */
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

/** The value at the epoch under the pointer, else the last value. */
function legendValue(series: Series, at: number | null): string | null {
  const value = at === null ? series.values.at(-1) : series.values[at - 1];
  return value === undefined ? null : formats.value.fixed(value, 4);
}

/** The choice of a metric, or of all three on the notebook's axes. */
export function CurvePicker(
  { state }: { readonly state: LeaderboardState },
): JSX.Element {
  const t = words(leaderboardWords);
  const { curve, seedAxes } = state.view.value;
  return (
    <div>
      <Segmented
        label={t.curves.metric}
        name="curve"
        options={[
          ...curveNames.map((name) => ({
            value: name,
            label: t.metrics[name].short,
          })),
          { value: "seed" as const, label: t.curves.axes },
        ]}
        value={seedAxes ? "seed" : curve}
        onChange={(name) =>
          state.change(
            name === "seed"
              ? { seedAxes: true }
              : { curve: name, seedAxes: false },
          )}
      />
    </div>
  );
}

/** The choice of what the bands around the curves show. */
export function BandPicker(
  { state }: { readonly state: LeaderboardState },
): JSX.Element {
  const t = words(leaderboardWords).curves;
  return (
    <div class="band-picker">
      <span aria-hidden="true">{t.bands}</span>
      <Segmented
        label={t.bands}
        name="band"
        options={bandNames.map((name) => ({
          value: name,
          label: t.bandNames[name],
        }))}
        value={state.view.value.band}
        onChange={(band) => state.change({ band })}
      />
    </div>
  );
}

/** The axis of d2l's plots. Lines outside are cut off. */
const domain = [0.3, 0.9] as const;

/** The colours of d2l's plots: blue, purple, green. */
const colours = { trainLoss: 0, trainAccuracy: 3, testAccuracy: 2 } as const;

/** A plot for each chosen point, with three metrics on d2l's axes. */
export function SeedCurves(
  { leaderboard, series, rows, epochs, at, onPoint }: {
    readonly leaderboard: Leaderboard;
    /** Only the keys and labels are used. */
    readonly series: readonly Series[];
    readonly rows: ReadonlyMap<string, LeaderboardRow>;
    readonly epochs: number;
    readonly at: number | null;
    readonly onPoint: (epoch: number | null) => void;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const shown = series.filter(({ values }) => values.length > 0);
  if (shown.length === 0) {
    return (
      <p class="faint">
        {series.length === 0 ? t.curves.choose : t.curves.noneYet}
      </p>
    );
  }
  return (
    <>
      <ul class="key seed-key">
        {curveNames.map((name) => (
          <li key={name} class={`series-${colours[name]}`}>
            <Stroke />
            {t.metrics[name].short}
          </li>
        ))}
      </ul>
      <div class="seed-plots">
        {shown.map(({ key, label }) => (
          <SeedPlot
            key={key}
            leaderboard={leaderboard}
            row={rows.get(key)}
            label={label}
            epochs={epochs}
            at={at}
            onPoint={onPoint}
          />
        ))}
      </div>
      <p class="hint">{t.curves.axesNote}</p>
    </>
  );
}

function SeedPlot(
  { leaderboard, row, label, epochs, at, onPoint }: {
    readonly leaderboard: Leaderboard;
    readonly row: LeaderboardRow | undefined;
    readonly label: string;
    readonly epochs: number;
    readonly at: number | null;
    readonly onPoint: (epoch: number | null) => void;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const frame = useRef<HTMLDivElement>(null);
  const lines = curveNames.map((name): Series => ({
    key: name,
    label: t.metrics[name].short,
    colour: colours[name],
    values: row?.curves[name] ?? [],
  }));
  const title = t.curves.seedChart(label);
  return (
    <figure ref={frame}>
      <figcaption>{label}</figcaption>
      <LineChart
        series={lines}
        label={title}
        xLabel={t.curves.epoch}
        epochs={epochs}
        format={formats.value.fixed}
        at={at}
        onPoint={onPoint}
        height={220}
        domain={domain}
      />
      <SaveChart
        leaderboard={leaderboard}
        name={`seed-axes-${row === undefined ? "" : pointKey(row.params)}`}
        title={title}
        chart={() => frame.current?.querySelector(".chart > svg") ?? null}
        legend={() =>
          lines.map((line) => ({
            label: line.label,
            className: `series-${line.colour}`,
          }))}
      />
      <SeriesTable
        series={lines}
        epochs={epochs}
        words={t.curves}
        caption={title}
      />
    </figure>
  );
}
