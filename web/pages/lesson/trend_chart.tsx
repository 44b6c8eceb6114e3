import { ratesOf } from "../../../protocol/grid_point.ts";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type {
  Leaderboard,
  LeaderboardRow,
  MetricName,
} from "../../../protocol/leaderboard.ts";
import { UprightAxis } from "../../components/charts/marks.tsx";
import {
  type Axis,
  linearAxis,
  useWidth,
} from "../../components/charts/scale.ts";
import { formats, words } from "../../components/language.ts";
import { ChartTable } from "../../components/tables.tsx";
import { leaderboardWords, lessonWords } from "../../i18n/language.ts";
import { formatMetric } from "../leaderboard/metrics.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { SaveChart } from "../leaderboard/save_chart.tsx";
import { ranked } from "./evidence.ts";

const height = 300;

const margin = { top: 12, right: 14, bottom: 40, left: 46 };

/** d2l's check at the end of training: the loss must be below this. */
const LIMIT = 0.5;

const meanRate = ({ params }: LeaderboardRow) =>
  (ratesOf(params).dropout1 + ratesOf(params).dropout2) / 2;

const passesAll = (row: LeaderboardRow) =>
  row.checksPassed === row.replicatesDone;

/** Training loss over the mean of the two rates, also as a table. */
export function TrendChart(
  { leaderboard }: { readonly leaderboard: Leaderboard },
): JSX.Element | null {
  const t = words(lessonWords).answers.trend;
  const figure = useRef<HTMLElement>(null);
  const points = ranked(leaderboard.rows, "trainLoss");
  if (points.length === 0) return null;
  return (
    <figure class="trend" ref={figure}>
      <h4>{t.heading}</h4>
      <Picture points={points} />
      <figcaption class="note">{t.note}</figcaption>
      <SaveChart
        leaderboard={leaderboard}
        name="trend"
        title={t.heading}
        subtitle={t.note}
        chart={() => figure.current?.querySelector(".chart > svg") ?? null}
      />
      <PointTable points={points} />
    </figure>
  );
}

function Picture(
  { points }: { readonly points: readonly LeaderboardRow[] },
): JSX.Element {
  const t = words(lessonWords).answers.trend;
  const { fixed, integer } = formats.value;
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = linearAxis(
    [0, ...points.map(meanRate)],
    [margin.left, right],
    5,
  );
  const y = linearAxis(
    [
      LIMIT,
      ...points.flatMap(({ metrics: { trainLoss } }) =>
        [trainLoss.mean, trainLoss.low, trainLoss.high].flatMap((v) => v ?? [])
      ),
    ],
    [bottom, margin.top],
    5,
  );
  return (
    <div class="chart" ref={ref}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={t.label(integer(points.length))}
      >
        <g class="axes">
          <UprightAxis y={y} left={margin.left} right={right} format={fixed} />
          {x.ticks.map((tick) => (
            <text
              key={tick}
              class="tick"
              x={x(tick)}
              y={bottom + 18}
              text-anchor="middle"
            >
              {fixed(tick, x.decimals)}
            </text>
          ))}
          <text class="axis-name" x={right} y={height - 4} text-anchor="end">
            {t.x}
          </text>
        </g>
        <line
          class="limit"
          x1={margin.left}
          x2={right}
          y1={y(LIMIT)}
          y2={y(LIMIT)}
        />
        <text class="tick" x={margin.left + 6} y={y(LIMIT)} dy="-0.4em">
          {t.limit}
        </text>
        {points.map((row) => (
          <Dot key={pointLabel(row.params)} {...{ row, x, y }} />
        ))}
      </svg>
    </div>
  );
}

function Dot(
  { row, x, y }: {
    readonly row: LeaderboardRow;
    readonly x: Axis;
    readonly y: Axis;
  },
): JSX.Element {
  const { mean, low, high } = row.metrics.trainLoss;
  const at = x(meanRate(row));
  return (
    <g>
      <title>
        {`${pointLabel(row.params)} ${intervalText(row, "trainLoss")}`}
      </title>
      {low !== null && high !== null && (
        <path class="whisker" d={`M${at} ${y(low)}V${y(high)}`} />
      )}
      <circle
        class={passesAll(row) ? "mean" : "mean is-failing"}
        cx={at}
        cy={y(mean ?? 0)}
        r={4.5}
      />
    </g>
  );
}

function PointTable(
  { points }: { readonly points: readonly LeaderboardRow[] },
): JSX.Element {
  const { answers: t } = words(lessonWords);
  const { metrics } = words(leaderboardWords);
  const { integer, rate } = formats.value;
  return (
    <ChartTable
      summary={t.trend.table}
      caption={t.trend.heading}
      heads={[
        t.ranking.point,
        t.trend.rate,
        metrics.trainLoss.name,
        t.trend.checks,
      ]}
      rows={points.toSorted((a, b) => meanRate(a) - meanRate(b)).map((row) => [
        pointLabel(row.params),
        rate(meanRate(row)),
        intervalText(row, "trainLoss"),
        `${integer(row.checksPassed)} / ${integer(row.replicatesDone)}`,
      ])}
    />
  );
}

/** A point's mean with its interval: `0.3103 [0.3032, 0.3174]`. */
export function intervalText(row: LeaderboardRow, metric: MetricName): string {
  const { mean, low, high } = row.metrics[metric];
  if (mean === null) return "–";
  const text = (value: number) => formatMetric(metric, value, formats.value);
  return low === null || high === null
    ? text(mean)
    : `${text(mean)} [${text(low)}, ${text(high)}]`;
}
