import type { JSX } from "preact";
import type {
  Comparison,
  Leaderboard,
  LeaderboardRow,
  Verdict,
} from "../../../protocol/leaderboard.ts";
import { Interval } from "../../components/charts/sparkline.tsx";
import { type Axis, linearAxis } from "../../components/charts/scale.ts";
import { leaderboardWords, lessonWords } from "../../i18n/language.ts";
import { decimalsOf, formatMetric } from "../leaderboard/metrics.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { inPlace, useHold } from "../../components/controls.tsx";
import { TableScroll } from "../../components/tables.tsx";
import { formats, words } from "../../components/language.ts";
import { ranked } from "./evidence.ts";

const shown = ["trainLoss", "testLoss", "testAccuracy"] as const;
type Shown = typeof shown[number];

/** Width of an interval in CSS pixels. */
const INTERVAL = 130;
/** Maximum number of points; the leaderboard has all of them. */
const MOST_POINTS = 30;

/** The points by training loss, with metrics that dropout should improve. */
export function RankingTable(
  { rows }: { readonly rows: readonly LeaderboardRow[] },
): JSX.Element | null {
  const t = words(lessonWords).answers.ranking;
  const { metrics } = words(leaderboardWords);
  const latest = ranked(rows, "trainLoss").slice(0, MOST_POINTS);
  const [points, , holdProps] = useHold<readonly LeaderboardRow[]>(
    latest,
    `${latest.length}`,
    inPlace(({ params }) => pointLabel(params)),
  );
  if (points.length === 0) return null;
  const columns = shown.map((metric) => ({
    metric,
    axis: intervalAxis(points, metric),
    best: ranked(points, metric)[0],
  }));
  return (
    <figure class="ranking">
      <h4 id="ranking-heading">{t.heading}</h4>
      <TableScroll label="#ranking-heading">
        <table>
          <thead>
            <tr>
              <th scope="col">{t.point}</th>
              {shown.map((metric) => (
                <th key={metric} scope="col">{metrics[metric].name}</th>
              ))}
            </tr>
          </thead>
          <tbody {...holdProps}>
            {points.map((row) => (
              <tr key={pointLabel(row.params)}>
                <th scope="row">{pointLabel(row.params)}</th>
                {columns.map(({ metric, axis, best }) => (
                  <Figure
                    key={metric}
                    row={row}
                    metric={metric}
                    axis={axis}
                    isBest={row === best}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      <figcaption class="note">{t.note}</figcaption>
    </figure>
  );
}

function Figure(
  { row, metric, axis, isBest }: {
    readonly row: LeaderboardRow;
    readonly metric: Shown;
    readonly axis: Axis;
    readonly isBest: boolean;
  },
): JSX.Element {
  const { mean, low, high } = row.metrics[metric];
  if (mean === null) return <td>–</td>;
  const text = formatMetric(metric, mean, formats.value);
  return (
    <td class={isBest ? "figure is-best" : "figure"}>
      <span class="value">{isBest ? <strong>{text}</strong> : text}</span>
      <Interval
        axis={axis}
        width={INTERVAL}
        mean={mean}
        low={low}
        high={high}
      />
    </td>
  );
}

function intervalAxis(rows: readonly LeaderboardRow[], metric: Shown): Axis {
  const values = rows.flatMap(({ metrics }) => {
    const { mean, low, high } = metrics[metric];
    return [mean, low, high].flatMap((value) => value ?? []);
  });
  return linearAxis(values, [5, INTERVAL - 5], 3);
}

/** Width of a difference in CSS pixels. */
const DIFFERENCE = 190;
/** Maximum number of pairs; the leaderboard has more. */
const MOST_PAIRS = 12;

/** The difference of each swapped pair, with the margin that matters. */
export function PairTable(
  { leaderboard }: { readonly leaderboard: Leaderboard },
): JSX.Element | null {
  const t = words(lessonWords).answers.pairs;
  const { metrics } = words(leaderboardWords);
  const columns = ["swap-train-loss", "swap-test-accuracy"].flatMap((id) => {
    const verdict = leaderboard.verdicts.find((v) => v.claimId === id);
    return verdict === undefined || verdict.effect === null ? [] : [{
      id,
      metric: verdict.effect.metric,
      margin: Math.abs(verdict.effect.margin),
      comparisons: verdict.comparisons,
      axis: differenceAxis(verdict, Math.abs(verdict.effect.margin)),
    }];
  });
  const pairs = [
    ...new Set(columns.flatMap((c) => c.comparisons.map(pairName))),
  ].toSorted().slice(0, MOST_PAIRS);
  if (pairs.length === 0) return null;
  return (
    <figure class="pairs">
      <h4 id="pairs-heading">{t.heading}</h4>
      <TableScroll label="#pairs-heading">
        <table>
          <thead>
            <tr>
              <th scope="col">{t.pair}</th>
              {columns.map(({ id, metric }) => (
                <th key={id} scope="col">{metrics[metric].name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {pairs.map((pair) => (
              <tr key={pair}>
                <th scope="row">{pair}</th>
                {columns.map(({ id, comparisons, axis, margin }) => (
                  <Difference
                    key={id}
                    comparison={comparisons.find((c) => pairName(c) === pair)}
                    axis={axis}
                    margin={margin}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      <figcaption class="note">{t.note}</figcaption>
    </figure>
  );
}

function pairName({ first, second }: Comparison): string {
  const label = (points: Comparison["first"]) =>
    points.map(pointLabel).join(", ");
  return words(lessonWords).answers.pairs.less(label(first), label(second));
}

function Difference(
  { comparison, axis, margin }: {
    readonly comparison: Comparison | undefined;
    readonly axis: Axis;
    readonly margin: number;
  },
): JSX.Element {
  const mean = comparison?.difference.mean ?? null;
  if (comparison === undefined || mean === null) return <td>–</td>;
  const { low, high } = comparison.difference;
  const decimals = decimalsOf(comparison.metric);
  const signed = (value: number) => formats.value.signed(value, decimals);
  return (
    <td class="figure">
      <svg
        class="difference"
        width={DIFFERENCE}
        height={22}
        viewBox={`0 0 ${DIFFERENCE} 22`}
        aria-hidden="true"
      >
        <rect
          class="margin"
          x={axis(-margin)}
          width={axis(margin) - axis(-margin)}
          y={0}
          height={22}
        />
        <line class="zero" x1={axis(0)} x2={axis(0)} y1={0} y2={22} />
        {low !== null && high !== null && (
          <path
            class="whisker"
            d={`M${axis(low)} 11H${axis(high)}M${axis(low)} 7v8M${
              axis(high)
            } 7v8`}
          />
        )}
        <circle class="mean" cx={axis(mean)} cy={11} r={4} />
      </svg>
      <span class="value">
        {signed(mean)}
        {low !== null && high !== null && (
          <span class="faint">[{signed(low)}, {signed(high)}]</span>
        )}
      </span>
    </td>
  );
}

function differenceAxis({ comparisons }: Verdict, margin: number): Axis {
  const values = comparisons.flatMap(({ difference }) =>
    [difference.mean, difference.low, difference.high].flatMap((v) => v ?? [])
  );
  return linearAxis(
    [-1.5 * margin, 1.5 * margin, ...values],
    [6, DIFFERENCE - 6],
    3,
  );
}
