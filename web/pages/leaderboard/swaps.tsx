import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Leaderboard, Swap } from "../../../protocol/leaderboard.ts";
import { type RankedMetric, rankedMetrics } from "../../../protocol/metrics.ts";
import type { Params } from "../../../protocol/study.ts";
import {
  type Slope,
  SlopeChart,
} from "../../components/charts/slope_chart.tsx";
import { inPlace, Segmented, useHold } from "../../components/controls.tsx";
import { Icon, type IconName } from "../../components/icon.tsx";
import { TableScroll } from "../../components/tables.tsx";
import { formats, words } from "../../components/language.ts";
import { leaderboardWords } from "../../i18n/language.ts";
import { decimalsOf, formatMetric, formatP } from "./metrics.ts";
import { isRatePair } from "./axes.ts";
import { pointKey, pointLabel } from "./points.ts";
import { SaveChart } from "./save_chart.tsx";
import type { LeaderboardState } from "./state.ts";

/** Maximum number of pairs; the others have smaller differences. */
const MOST = 12;

/**
 * Each pair of points with swapped rates: both means and every replicate. Only
 * for studies whose axes are the two rates.
 */
export function Swaps(
  props: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element | null {
  return isRatePair(props.leaderboard.study.axes) ? <Pairs {...props} /> : null;
}

function Pairs(
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

/** Pairs with a diverged replicate, then the others by falling difference. */
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

const icons = {
  different: "cross",
  equivalent: "check",
  open: "question",
} as const satisfies Record<string, IconName>;

/** The figures and verdicts of the chart. */
export function SwapTable(
  { swaps, metric, all }: {
    readonly swaps: readonly Swap[];
    readonly metric: RankedMetric;
    /** Number of all pairs; `swaps` are the first of them. */
    readonly all: number;
  },
): JSX.Element {
  const { swaps: t, metrics } = words(leaderboardWords);
  const margin = swaps[0]?.metrics[metric].margin ?? 0;
  const caption = t.caption(
    metrics[metric].name,
    formatMetric(metric, margin, formats.value),
  );
  return (
    <>
      <p class="faint" aria-hidden="true">{caption}</p>
      <TableScroll label="#swaps-heading">
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              <th scope="col" class="words">{t.pair}</th>
              <th scope="col" class="words">{t.verdict}</th>
              <th scope="col">{t.difference}</th>
              <th scope="col">{t.interval}</th>
              <th scope="col">{t.pDifference}</th>
              <th scope="col">{t.pEquivalence}</th>
            </tr>
          </thead>
          <tbody>
            {swaps.map((swap) => (
              <SwapRow
                key={pointLabel(swap.lowerFirst)}
                swap={swap}
                metric={metric}
              />
            ))}
          </tbody>
        </table>
      </TableScroll>
      {all > swaps.length && (
        <p class="faint">
          {t.more(formats.value.integer(all - swaps.length))}
        </p>
      )}
    </>
  );
}

function SwapRow(
  { swap, metric }: { readonly swap: Swap; readonly metric: RankedMetric },
): JSX.Element {
  const t = words(leaderboardWords).swaps;
  const { difference, pDifference, pEquivalence, verdict, diverged } =
    swap.metrics[metric];
  const signed = (value: number) =>
    formats.value.signed(value, decimalsOf(metric));
  const p = (value: number | null) =>
    value === null ? "–" : formatP(value, formats.value);
  const { mean, low, high } = difference;
  return (
    <tr>
      <th scope="row" class="words">
        {t.of(pointLabel(swap.lowerFirst), pointLabel(swap.higherFirst))}
      </th>
      <td class="words">
        <span class={`agreement is-${verdict}`}>
          <Icon name={icons[verdict]} />
          {t.verdicts[verdict]}
        </span>
      </td>
      <td>
        {mean === null ? (diverged === null ? "–" : t.diverged) : signed(mean)}
      </td>
      <td>
        {low === null || high === null
          ? "–"
          : `${signed(low)} … ${signed(high)}`}
      </td>
      <td>{p(pDifference)}</td>
      <td>{p(pEquivalence)}</td>
    </tr>
  );
}
