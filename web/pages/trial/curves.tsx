import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { EpochMetrics } from "../../../protocol/training.ts";
import type { TrialView } from "../../../protocol/views.ts";
import { LineChart, type Series } from "../../components/charts/line_chart.tsx";
import { Segmented } from "../../components/controls.tsx";
import { formats, words } from "../../components/language.ts";
import { useQuery } from "../../components/links.ts";
import { ChartTable } from "../../components/tables.tsx";
import { leaderboardWords, trialsWords } from "../../i18n/language.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { SavePicture } from "../leaderboard/save_chart.tsx";
import { lineOf } from "./live_epoch.ts";

/** The three metrics of d2l's plots. */
const shown = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;

/** The curves of an attempt. */
export function TrialCurves(
  { trial }: { readonly trial: TrialView },
): JSX.Element {
  const t = words(trialsWords).curves;
  const { metrics } = words(leaderboardWords);
  const [at, setAt] = useState<number | null>(null);
  const [query, choose] = useQuery("attempt");
  const chosen = query === null ? null : Number(query);
  const frame = useRef<HTMLDivElement>(null);
  // A result may arrive without reports of its epochs.
  const attempts = trial.attempts.filter(({ attempt, epochs }) =>
    epochs.length > 0 || attempt === trial.acceptedAttempt
  );
  const usual = trial.acceptedAttempt ?? attempts.at(-1)?.attempt ?? null;
  const attempt = attempts.some((a) => a.attempt === chosen) ? chosen : usual;
  const epochs = epochsOf(trial, attempt);
  const series = shown.map((name, colour): Series => ({
    key: name,
    label: metrics[name].short,
    colour,
    values: lineOf(epochs, name),
  }));
  const chart = t.chart(formats.value.list(series.map(({ label }) => label)));
  return (
    <section class="curves" aria-labelledby="curves-heading">
      <div class="section-head">
        <h2 id="curves-heading">{t.heading}</h2>
        {attempts.length > 1 && attempt !== null && (
          <Segmented
            label={t.attempt}
            name="attempt"
            options={attempts.map((a) => ({
              value: String(a.attempt),
              label: t.attemptNumber(String(a.attempt)),
            }))}
            value={String(attempt)}
            onChange={(value) => choose(value === String(usual) ? null : value)}
          />
        )}
      </div>
      <div class="chart-frame" ref={frame}>
        <LineChart
          series={series}
          label={chart}
          xLabel={t.epoch}
          epochs={trial.recipe.epochs}
          format={formats.value.fixed}
          at={at}
          onPoint={setAt}
        />
        {epochs.length === 0 && <p class="chart-empty">{t.noneYet}</p>}
      </div>
      <ul class="legend is-plain">
        {series.map((one) => {
          const value = at === null ? one.values.at(-1) : one.values[at - 1];
          return (
            <li key={one.key} class={`series-${one.colour}`}>
              <svg class="stroke" viewBox="0 0 28 8" aria-hidden="true">
                <path class="line" d="M1 4h26" />
              </svg>
              <span class="name">{one.label}</span>
              <span class="value">
                {value !== undefined && formats.value.fixed(value, 4)}
              </span>
            </li>
          );
        })}
      </ul>
      {epochs.length > 0 && (
        <>
          <SavePicture
            name={`${trial.trialId}-attempt-${attempt}`}
            title={chart}
            source={t.source(
              trial.studyId,
              `${pointLabel(trial.params)}, ${
                t.replicate(String(trial.replicate))
              }, ${t.attemptNumber(String(attempt))}`,
            )}
            chart={() => frame.current?.querySelector("svg") ?? null}
            legend={() =>
              series.map(({ label, colour }) => ({
                label,
                className: `series-${colour}`,
              }))}
          />
          <EpochTable epochs={epochs} />
        </>
      )}
    </section>
  );
}

/** The epochs of the accepted result, or those that the attempt reported. */
function epochsOf(
  trial: TrialView,
  attempt: number | null,
): readonly EpochMetrics[] {
  if (trial.result !== null && attempt === trial.acceptedAttempt) {
    return trial.result.epochs;
  }
  return trial.attempts.find((a) => a.attempt === attempt)?.epochs ?? [];
}

/** A table of all figures of all epochs, closed at first. */
export function EpochTable(
  { epochs }: { readonly epochs: readonly EpochMetrics[] },
): JSX.Element {
  const t = words(trialsWords).curves;
  const { metrics } = words(leaderboardWords);
  const columns = [
    ["trainLoss", metrics.trainLoss.short, 4],
    ["trainAccuracy", metrics.trainAccuracy.short, 4],
    ["testAccuracy", metrics.testAccuracy.short, 4],
    ["testLoss", metrics.testLoss.short, 4],
    ["trainLossDropoutOff", t.lossOff, 4],
    ["seconds", t.seconds, 2],
  ] as const;
  return (
    <ChartTable
      summary={t.asTable}
      heads={[t.epoch, ...columns.map(([, label]) => label)]}
      rows={epochs.map((one) => [
        one.epoch,
        ...columns.map(([name, , decimals]) =>
          formats.value.fixed(one[name], decimals)
        ),
      ])}
    />
  );
}
