import type { StudyId } from "../../coordinator/protocol/ids.ts";
import type { JSX } from "preact";
import type {
  Estimate,
  LeaderboardRow,
  MetricName,
} from "../../coordinator/protocol/leaderboard.ts";
import { Interval } from "../charts/interval.tsx";
import type { Axis } from "../charts/scale.ts";
import { Sparkline, type SparkScale } from "../charts/sparkline.tsx";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { Icon } from "../ui/icon.tsx";
import { formats, words } from "../ui/language.ts";
import { formatMetric, tableMetrics } from "./metrics.ts";
import { pointLabel } from "./points.ts";
import { PointAnchor } from "../ui/point_anchor.tsx";
import type { LiveEpoch } from "./state.ts";
import type { CurveName, SortKey } from "./view_state.ts";

/** Of the column of intervals, in CSS pixels. */
export const INTERVAL_WIDTH = 104;

/** One grid point. A click anywhere on it shows or hides its curve. */
export function TableRow(
  {
    row,
    study,
    axis,
    metric,
    best,
    curve,
    sparks,
    sort,
    colour,
    live,
    epochs,
    onToggle,
  }: {
    readonly row: LeaderboardRow;
    /** Where the point has a page of its own. */
    readonly study: StudyId;
    readonly axis: Axis;
    /** Of the column of intervals. */
    readonly metric: MetricName;
    /** Probability that this point is the best one; null: not to be said. */
    readonly best: number | null;
    /** Of the column of sparklines, */
    readonly curve: CurveName;
    /** and the scale that they share. */
    readonly sparks: SparkScale;
    readonly sort: SortKey;
    readonly colour: number | null;
    readonly live: LiveEpoch | null;
    readonly epochs: number;
    readonly onToggle: () => void;
  },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const estimate = row.metrics[metric];
  const click = (event: MouseEvent) => {
    // The checkbox has its own click, and marking text is not choosing.
    const onControl = event.target instanceof Element &&
      event.target.closest("label, button, a") !== null;
    if (!onControl && getSelection()?.isCollapsed !== false) onToggle();
  };
  const chosen = colour !== null;
  return (
    <tr
      class={chosen ? `is-chosen series-${colour}` : undefined}
      onClick={click}
    >
      <td class="pick">
        <label>
          <input type="checkbox" checked={chosen} onChange={onToggle} />
          <span class="swatch" aria-hidden="true" />
          <span class="hidden">{t.showPoint(pointLabel(row.params))}</span>
        </label>
      </td>
      <th scope="row" class="rate">
        <PointAnchor
          study={study}
          params={row.params}
          title={words(trialsWords).pointTitle(pointLabel(row.params))}
        >
          {formats.value.rate(row.params.dropout1)}
        </PointAnchor>
      </th>
      <td class="rate">{formats.value.rate(row.params.dropout2)}</td>
      <td class="interval-cell">
        {estimate.mean === null ? null : (
          <Interval
            axis={axis}
            width={INTERVAL_WIDTH}
            mean={estimate.mean}
            low={estimate.low}
            high={estimate.high}
          />
        )}
      </td>
      <td class="best">
        <Best probability={best} />
      </td>
      {tableMetrics.map((name) => (
        <td key={name} class={name === sort ? "figure is-sorted" : "figure"}>
          <Figure estimate={row.metrics[name]} metric={name} />
        </td>
      ))}
      <td class="spark-cell">
        <Sparkline
          values={row.curves[curve]}
          scale={sparks}
          epochs={epochs}
          label={sparkLabel(row.curves[curve], curve)}
        />
      </td>
      <td class="replicates">
        <Replicates row={row} live={live} epochs={epochs} />
      </td>
      <td class="checks">
        {row.replicatesDone === 0
          ? <span class="faint">{t.noFigure}</span>
          : (
            <span
              class={row.checksPassed === row.replicatesDone
                ? "check-all"
                : "check-some"}
            >
              <Icon
                name={row.checksPassed === row.replicatesDone
                  ? "check"
                  : "alert"}
              />
              {t.ofPlanned(
                formats.value.integer(row.checksPassed),
                formats.value.integer(row.replicatesDone),
              )}
            </span>
          )}
      </td>
    </tr>
  );
}

/** From this probability on a point is marked as the best one. */
const SURE = 0.95;

/** How probable it is that the point is the best, and a mark where it is. */
function Best(
  { probability }: { readonly probability: number | null },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const { percent } = formats.value;
  if (probability === null) return <span class="faint">{t.noFigure}</span>;
  const text = probability > 0 && probability < 0.005
    ? `< ${percent(0.01, 0)}`
    : probability < 1 && probability >= 0.995
    ? `> ${percent(0.99, 0)}`
    : percent(probability, 0);
  if (probability < SURE) return <>{text}</>;
  return (
    <span class="tag is-best" title={t.isBestNote}>
      <Icon name="check" />
      {t.isBest(text)}
    </span>
  );
}

/** What a sparkline says to those who do not see it. */
function sparkLabel(values: readonly number[], curve: CurveName): string {
  const { curves, metrics } = words(leaderboardWords);
  const [first, last] = [values[0], values.at(-1)];
  if (first === undefined || last === undefined) return curves.noneYet;
  return curves.fromTo(
    metrics[curve].short,
    formatMetric(curve, first, formats.value),
    formatMetric(curve, last, formats.value),
  );
}

/** Mean and half the width of its interval. */
function Figure(
  { estimate, metric }: {
    readonly estimate: Estimate;
    readonly metric: MetricName;
  },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const { mean, high } = estimate;
  if (mean === null) return <span class="faint">{t.noFigure}</span>;
  return (
    <>
      <span class="mean">{formatMetric(metric, mean, formats.value)}</span>
      {high === null
        ? <span class="spread" title={t.noIntervalNote}>{t.noInterval}</span>
        : (
          <span class="spread">
            ±{formatMetric(metric, high - mean, formats.value)}
          </span>
        )}
    </>
  );
}

function Replicates(
  { row, live, epochs }: {
    readonly row: LeaderboardRow;
    readonly live: LiveEpoch | null;
    readonly epochs: number;
  },
): JSX.Element {
  const t = words(leaderboardWords).table;
  const count = formats.value.integer;
  return (
    <>
      <span class="count">
        {t.ofPlanned(count(row.replicatesDone), count(row.replicatesPlanned))}
      </span>
      {row.replicatesRunning > 0 && (
        <span class="tag is-running">
          {live === null
            ? t.running(count(row.replicatesRunning))
            : t.epochNow(count(live.epoch), count(epochs))}
        </span>
      )}
      {row.diverged > 0 && (
        <span class="tag is-diverged" title={t.divergedNote}>
          {t.diverged(count(row.diverged))}
        </span>
      )}
      {row.replicatesQuarantined > 0 && (
        <span class="tag is-quarantined" title={t.quarantinedNote}>
          {t.quarantined(count(row.replicatesQuarantined))}
        </span>
      )}
    </>
  );
}
