import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { PointView } from "../../../protocol/views.ts";
import {
  LineChart,
  type Series,
  SeriesTable,
  Stroke,
} from "../../components/charts/line_chart.tsx";
import { leaderboardWords, trialsWords } from "../../i18n/language.ts";
import { curveSeries } from "../leaderboard/curve_series.ts";
import { pointKey, pointLabel } from "../leaderboard/points.ts";
import { SavePicture } from "../leaderboard/save_chart.tsx";
import { curveNames } from "../leaderboard/view_state.ts";
import { lineOf } from "../trial/live_epoch.ts";
import { formats, words } from "../../components/language.ts";
import { trialLink, useQuery } from "../../components/links.ts";
import { Segmented } from "../../components/controls.tsx";

/** Number of colours of replicates; further replicates reuse them. */
const COLOURS = 7;

/** The curves of all replicates, and their mean with its band. */
export function PointCurves(
  { point }: { readonly point: PointView },
): JSX.Element {
  const t = words(trialsWords).curves;
  const { metrics, curves } = words(leaderboardWords);
  const [chosen, choose] = useQuery("curve");
  const metric = curveNames.find((name) => name === chosen) ?? "trainLoss";
  const frame = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const epochs = point.row.params.epochs ?? point.recipe.epochs;
  const mean = curveSeries(point.row, metric, "sd", {
    key: "mean",
    label: t.mean,
    colour: 0,
  });
  const replicates = point.trials.filter((trial) => trial.epochs.length > 0)
    .map((trial) => ({
      key: trial.trialId,
      trialId: trial.trialId,
      label: t.replicate(String(trial.replicate)),
      colour: 1 + trial.replicate % COLOURS,
      values: lineOf(trial.epochs, metric),
    }));
  const series = [mean, ...replicates];
  const valueOf = ({ values }: Series) => {
    const value = at === null ? values.at(-1) : values[at - 1];
    return value === undefined ? "–" : formats.value.fixed(value, 4);
  };
  return (
    <section class="curves" aria-labelledby="curves-heading">
      <div class="section-head">
        <h2 id="curves-heading">{t.heading}</h2>
        <Segmented
          label={curves.metric}
          name="curve"
          options={curveNames.map((name) => ({
            value: name,
            label: metrics[name].short,
          }))}
          value={metric}
          onChange={(name) => choose(name === "trainLoss" ? null : name)}
        />
      </div>
      <div class="chart-frame" ref={frame}>
        <LineChart
          series={series}
          label={t.chart(metrics[metric].short)}
          xLabel={t.epoch}
          epochs={epochs}
          format={formats.value.fixed}
          at={at}
          onPoint={setAt}
        />
        {replicates.length === 0 && <p class="chart-empty">{t.noneYet}</p>}
      </div>
      <ul class="legend is-plain">
        {mean.values.length > 0 && (
          <li class="series-0">
            <Stroke />
            <span class="name">{t.mean}</span>
            <span class="value">{valueOf(mean)}</span>
          </li>
        )}
        {replicates.map((one) => (
          <li key={one.key} class={`series-${one.colour}`}>
            <Stroke />
            <a class="name" href={trialLink(one.trialId)}>{one.label}</a>
            <span class="value">{valueOf(one)}</span>
          </li>
        ))}
      </ul>
      {mean.band?.some((ends) => ends !== null) && <p class="hint">{t.band}</p>}
      {replicates.length > 0 && (
        <>
          <SavePicture
            name={`${point.studyId}-${pointKey(point.row.params)}-${metric}`}
            title={t.chart(metrics[metric].short)}
            subtitle={mean.values.length > 1 ? t.band : ""}
            source={t.source(point.studyId, pointLabel(point.row.params))}
            chart={() => frame.current?.querySelector("svg") ?? null}
            legend={() =>
              series.filter(({ values }) => values.length > 0).map((one) => ({
                label: one.label,
                className: `series-${one.colour}`,
              }))}
          />
          <SeriesTable
            series={series}
            epochs={epochs}
            words={t}
            caption={t.asTable}
          />
        </>
      )}
    </section>
  );
}
