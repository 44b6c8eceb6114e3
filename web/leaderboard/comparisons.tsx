import type { JSX } from "preact";
import type { Comparison } from "../../coordinator/protocol/leaderboard.ts";
import type { Params } from "../../coordinator/protocol/study.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { inPlace, useHold } from "../ui/hold.ts";
import { formats, words } from "../ui/language.ts";
import { decimalsOf, formatP } from "./metrics.ts";
import { pointLabel } from "./points.ts";

/** Shown of a claim; the JSON has all of them. */
const MOST = 12;

/** The comparisons behind a verdict, as a table. */
export function Comparisons(
  { comparisons }: { readonly comparisons: readonly Comparison[] },
): JSX.Element | null {
  const t = words(leaderboardWords).verdicts;
  const [shown, , holdProps] = useHold<readonly Comparison[]>(
    comparisons.slice(0, MOST),
    `${comparisons.length}`,
    inPlace(comparisonLabel),
  );
  if (comparisons.length === 0) return null;
  const more = comparisons.length - MOST;
  return (
    <>
      <div
        class="table-scroll"
        role="group"
        aria-label={t.comparisons}
        tabIndex={0}
      >
        <table>
          <caption class="hidden">{t.comparisons}</caption>
          <thead>
            <tr>
              <th scope="col">{t.comparison}</th>
              <th scope="col">{t.difference}</th>
              <th scope="col">{t.interval}</th>
              <th scope="col">{t.pDifference}</th>
              <th scope="col">{t.pEquivalence}</th>
            </tr>
          </thead>
          <tbody {...holdProps}>
            {shown.map((comparison) => (
              <ComparisonRow
                key={comparisonLabel(comparison)}
                comparison={comparison}
              />
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && <p class="faint">{t.others(formats.value.integer(more))}</p>}
    </>
  );
}

function ComparisonRow(
  { comparison }: { readonly comparison: Comparison },
): JSX.Element {
  const t = words(leaderboardWords).verdicts;
  const { metric, difference, diverged } = comparison;
  const decimals = decimalsOf(metric);
  const signed = (value: number) => formats.value.signed(value, decimals);
  const p = (value: number | null) =>
    value === null ? "–" : formatP(value, formats.value);
  return (
    <tr>
      <th scope="row">{comparisonLabel(comparison)}</th>
      <td>
        {difference.mean === null
          ? (diverged === null ? "–" : t.diverged)
          : signed(difference.mean)}
      </td>
      <td>
        {difference.low === null || difference.high === null
          ? "–"
          : `${signed(difference.low)} … ${signed(difference.high)}`}
      </td>
      <td>{p(comparison.pDifference)}</td>
      <td>{p(comparison.pEquivalence)}</td>
    </tr>
  );
}

function comparisonLabel({ first, second }: Comparison): string {
  const { less } = words(leaderboardWords).verdicts;
  return `${groupLabel(first)} ${less} ${groupLabel(second)}`;
}

function groupLabel(points: readonly Params[]): string {
  const t = words(leaderboardWords).verdicts;
  const [first] = points;
  if (first === undefined) return "–";
  if (points.length === 1) return pointLabel(first);
  const shown = points.slice(0, 3).map(pointLabel).join(", ");
  const more = points.length - 3;
  return t.mean(
    more > 0 ? `${shown} ${t.others(formats.value.integer(more))}` : shown,
  );
}
