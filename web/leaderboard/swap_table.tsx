import type { JSX } from "preact";
import type { Swap } from "../../coordinator/protocol/leaderboard.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { formats, words } from "../ui/language.ts";
import {
  decimalsOf,
  formatMetric,
  formatP,
  type RankedMetric,
} from "./metrics.ts";
import { pointLabel } from "./points.ts";

const icons = {
  different: "cross",
  equivalent: "check",
  open: "question",
} as const satisfies Record<string, IconName>;

/** The pairs' figures and verdicts: what the slopes show, in words. */
export function SwapTable(
  { swaps, metric, all }: {
    readonly swaps: readonly Swap[];
    readonly metric: RankedMetric;
    /** Pairs in the data, of which these are the first. */
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
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="swaps-heading"
        tabIndex={0}
      >
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
      </div>
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
