import type { JSX } from "preact";
import type { LeaderboardRow } from "../../../protocol/leaderboard.ts";
import { Interval } from "../../components/charts/sparkline.tsx";
import { type Axis, linearAxis } from "../../components/charts/scale.ts";
import { leaderboardWords, lessonWords } from "../../i18n/language.ts";
import { formatMetric } from "../leaderboard/metrics.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { inPlace, useHold } from "../../components/controls.tsx";
import { formats, words } from "../../components/language.ts";
import { ranked } from "./evidence.ts";

const shown = ["trainLoss", "testLoss", "testAccuracy"] as const;
type Shown = typeof shown[number];

const width = 130;
/** More points than this are for the leaderboard, which has pages. */
const MOST = 30;

/** The points by training loss, beside what dropout is for. */
export function RankingTable(
  { rows }: { readonly rows: readonly LeaderboardRow[] },
): JSX.Element | null {
  const t = words(lessonWords).answers.ranking;
  const { metrics } = words(leaderboardWords);
  const latest = ranked(rows, "trainLoss").slice(0, MOST);
  const [points, , holdProps] = useHold<readonly LeaderboardRow[]>(
    latest,
    `${latest.length}`,
    inPlace(({ params }) => pointLabel(params)),
  );
  if (points.length === 0) return null;
  const columns = shown.map((metric) => ({
    metric,
    axis: axisOf(points, metric),
    best: ranked(points, metric)[0],
  }));
  return (
    <figure class="ranking">
      <h4 id="ranking-heading">{t.heading}</h4>
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="ranking-heading"
        tabIndex={0}
      >
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
      </div>
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
      <Interval axis={axis} width={width} mean={mean} low={low} high={high} />
    </td>
  );
}

function axisOf(rows: readonly LeaderboardRow[], metric: Shown): Axis {
  const values = rows.flatMap(({ metrics }) => {
    const { mean, low, high } = metrics[metric];
    return [mean, low, high].flatMap((value) => value ?? []);
  });
  return linearAxis(values, [5, width - 5], 3);
}
