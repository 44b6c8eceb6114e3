import type { JSX } from "preact";
import { MetricName } from "../../coordinator/protocol/leaderboard.ts";
import type { PointView } from "../../coordinator/protocol/views.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { formatMetric } from "../leaderboard/metrics.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { formats, words } from "../ui/language.ts";

/** Mean, spread and interval of each metric, beside the partner's mean. */
export function MetricsTable(
  { point: { row, swapped } }: { readonly point: PointView },
): JSX.Element {
  const t = words(trialsWords).point;
  const { metrics } = words(leaderboardWords);
  return (
    <section aria-labelledby="metrics-heading">
      <h2 id="metrics-heading">{t.metrics}</h2>
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="metrics-heading"
        tabIndex={0}
      >
        <table class="list">
          <caption class="hidden">
            {t.metricsCaption(pointLabel(row.params))}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.metric}</th>
              <th scope="col">{t.mean}</th>
              <th scope="col">{t.sd}</th>
              <th scope="col">{t.interval}</th>
              <th scope="col">{t.n}</th>
              {swapped !== null && (
                <th scope="col">
                  {t.swappedMean(pointLabel(swapped.params))}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {MetricName.options.map((name) => {
              const { mean, sd, low, high, n } = row.metrics[name];
              const figure = (value: number | null) =>
                value === null ? "–" : formatMetric(name, value, formats.value);
              return (
                <tr key={name}>
                  <th scope="row" class="text">
                    {metrics[name].name}
                    <span class="detail">{metrics[name].note}</span>
                  </th>
                  <td class="mean">{figure(mean)}</td>
                  <td>{figure(sd)}</td>
                  <td>
                    {low === null || high === null
                      ? (
                        <span class="faint">
                          {mean === null ? "–" : t.noInterval}
                        </span>
                      )
                      : `${figure(low)} … ${figure(high)}`}
                  </td>
                  <td>{n}</td>
                  {swapped !== null && (
                    <td>{figure(swapped.metrics[name].mean)}</td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
