import type { JSX } from "preact";
import type { Comparison } from "../../coordinator/protocol/leaderboard.ts";
import type { PointView } from "../../coordinator/protocol/views.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { decimalsOf, formatP } from "../leaderboard/metrics.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { formats, words } from "../ui/language.ts";
import { pointLink } from "../ui/links.ts";

/** The point with the two rates swapped, and what sets the two apart. */
export function Swapped(
  { point }: { readonly point: PointView },
): JSX.Element {
  const t = words(trialsWords).point;
  const { swapped, comparisons, row: { params } } = point;
  return (
    <section aria-labelledby="swapped-heading">
      <h2 id="swapped-heading">{t.swapped}</h2>
      {swapped === null
        ? <p>{params.dropout1 === params.dropout2 ? t.equal : t.noPartner}</p>
        : (
          <>
            <p>
              <a href={pointLink(point.studyId, swapped.params)}>
                {t.swappedIs(pointLabel(swapped.params))}
              </a>
            </p>
            {comparisons.length === 0
              ? <p class="hint">{t.noComparisons}</p>
              : <Comparisons comparisons={comparisons} />}
          </>
        )}
    </section>
  );
}

function Comparisons(
  { comparisons }: { readonly comparisons: readonly Comparison[] },
): JSX.Element {
  const t = words(trialsWords).point;
  const { metrics } = words(leaderboardWords);
  const p = (value: number | null) =>
    value === null ? "–" : formatP(value, formats.value);
  return (
    <>
      <h3 id="compared-heading">{t.comparisons}</h3>
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="compared-heading"
        tabIndex={0}
      >
        <table class="list">
          <caption class="hidden">{t.comparisons}</caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.metric}</th>
              <th scope="col" class="text">{t.compared}</th>
              <th scope="col">{t.difference}</th>
              <th scope="col">{t.interval}</th>
              <th scope="col">{t.n}</th>
              <th scope="col">{t.pDifference}</th>
              <th scope="col">{t.pEquivalence}</th>
            </tr>
          </thead>
          <tbody>
            {comparisons.map((one) => {
              const { mean, low, high, n } = one.difference;
              const figure = (value: number | null) =>
                value === null
                  ? "–"
                  : formats.value.signed(value, decimalsOf(one.metric));
              const [first, second] = [one.first, one.second].map((points) =>
                points.map(pointLabel).join(" ")
              );
              return (
                <tr key={JSON.stringify([one.metric, first, second])}>
                  <th scope="row" class="text">{metrics[one.metric].short}</th>
                  <td class="text">{t.less(first ?? "", second ?? "")}</td>
                  <td class="mean">{figure(mean)}</td>
                  <td>
                    {low === null || high === null
                      ? <span class="faint">{t.noInterval}</span>
                      : `${figure(low)} … ${figure(high)}`}
                  </td>
                  <td>{n}</td>
                  <td>{p(one.pDifference)}</td>
                  <td>{p(one.pEquivalence)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}
