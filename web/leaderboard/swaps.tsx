import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type {
  Leaderboard,
  Swap,
} from "../../coordinator/protocol/leaderboard.ts";
import type { Params } from "../../coordinator/protocol/study.ts";
import { type Slope, SlopeChart } from "../charts/slope_chart.tsx";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { inPlace, useHold } from "../ui/hold.ts";
import { formats, words } from "../ui/language.ts";
import { Segmented } from "../ui/segmented.tsx";
import { decimalsOf, type RankedMetric, rankedMetrics } from "./metrics.ts";
import { pointKey, pointLabel } from "./points.ts";
import { SaveChart } from "./save_chart.tsx";
import type { LeaderboardState } from "./state.ts";
import { SwapTable } from "./swap_table.tsx";

/** Drawn at once; the largest differences, by the metric shown. */
const MOST = 12;

/** Each pair of points with swapped rates: both ends, and every replicate. */
export function Swaps(
  { state, leaderboard }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const frame = useRef<HTMLDivElement>(null);
  const metric = state.view.value.swap;
  const { swaps } = leaderboard;
  const [shown, , holdProps] = useHold<readonly Swap[]>(
    bySize(swaps, metric).slice(0, MOST),
    `${leaderboard.study.id} ${metric} ${swaps.length}`,
    inPlace(({ lowerFirst }) => pointKey(lowerFirst)),
  );
  const label = t.swaps.chart(
    t.metrics[metric].name,
    formats.value.integer(shown.length),
  );
  const slopes = slopesOf(shown, leaderboard, metric);
  const empty = slopes.every(({ left, right }) =>
    left.mean === null && right.mean === null
  );
  return (
    <section class="swaps" aria-labelledby="swaps-heading">
      <div class="section-head">
        <h2 id="swaps-heading">{t.swaps.heading}</h2>
        {swaps.length > 0 && (
          <Segmented
            label={t.swaps.metric}
            name="swap"
            options={rankedMetrics.map((name) => ({
              value: name,
              label: t.metrics[name].short,
            }))}
            value={metric}
            onChange={(name) => state.change({ swap: name })}
          />
        )}
      </div>
      {empty
        ? (
          <p class="faint">
            {swaps.length === 0 ? t.swaps.none : t.swaps.noneYet}
          </p>
        )
        : (
          <div {...holdProps}>
            <p class="printed">{t.metrics[metric].name}</p>
            <p class="note">{t.swaps.note}</p>
            <div class="chart-frame" ref={frame}>
              <SlopeChart
                slopes={slopes}
                label={label}
                format={formats.value.fixed}
              />
            </div>
            <SaveChart
              leaderboard={leaderboard}
              name={`swaps-${metric}`}
              title={`${t.swaps.heading}: ${t.metrics[metric].name}`}
              chart={() => frame.current?.querySelector("svg") ?? null}
            />
            <SwapTable swaps={shown} metric={metric} all={swaps.length} />
          </div>
        )}
    </section>
  );
}

/** The largest difference first; a pair that diverged has no larger one. */
function bySize(swaps: readonly Swap[], metric: RankedMetric): Swap[] {
  const size = ({ metrics }: Swap) => {
    const { difference: { mean }, diverged } = metrics[metric];
    return diverged !== null ? Infinity : mean === null ? -1 : Math.abs(mean);
  };
  return swaps.toSorted((a, b) => size(b) - size(a) || 0);
}

function slopesOf(
  swaps: readonly Swap[],
  { rows }: Leaderboard,
  metric: RankedMetric,
): Slope[] {
  const t = words(leaderboardWords).swaps;
  const byKey = new Map(rows.map((row) => [pointKey(row.params), row]));
  const end = (params: Params) => {
    const { mean, low, high } = byKey.get(pointKey(params))?.metrics[metric] ??
      { mean: null, low: null, high: null };
    return { label: pointLabel(params), mean, low, high };
  };
  return swaps.map(({ lowerFirst, higherFirst, metrics }) => {
    const { replicates, difference, margin, verdict, diverged } =
      metrics[metric];
    const size = diverged !== null
      ? t.diverged
      : difference.mean === null
      ? ""
      : formats.value.signed(difference.mean, decimalsOf(metric));
    return {
      key: pointKey(lowerFirst),
      title: `${t.verdicts[verdict]} ${size}`,
      tone: verdict,
      left: end(lowerFirst),
      right: end(higherFirst),
      replicates,
      margin,
    };
  });
}
