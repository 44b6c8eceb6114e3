import type { JSX } from "preact";
import type {
  Comparison,
  Leaderboard,
  Verdict,
} from "../../../protocol/leaderboard.ts";
import { type Axis, linearAxis } from "../../components/charts/scale.ts";
import { leaderboardWords, lessonWords } from "../../i18n/language.ts";
import { decimalsOf } from "../leaderboard/metrics.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { formats, words } from "../../components/language.ts";

const width = 190;
const middle = 11;
/** More pairs than this are for the leaderboard. */
const MOST = 12;

/** The difference of each swapped pair against the margin that matters. */
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
      axis: axisOf(verdict, Math.abs(verdict.effect.margin)),
    }];
  });
  const pairs = [
    ...new Set(columns.flatMap((c) => c.comparisons.map(pairName))),
  ].toSorted().slice(0, MOST);
  if (pairs.length === 0) return null;
  return (
    <figure class="pairs">
      <h4 id="pairs-heading">{t.heading}</h4>
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="pairs-heading"
        tabIndex={0}
      >
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
      </div>
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
        width={width}
        height={22}
        viewBox={`0 0 ${width} 22`}
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
            d={`M${axis(low)} ${middle}H${axis(high)}M${axis(low)} 7v8M${
              axis(high)
            } 7v8`}
          />
        )}
        <circle class="mean" cx={axis(mean)} cy={middle} r={4} />
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

function axisOf({ comparisons }: Verdict, margin: number): Axis {
  const values = comparisons.flatMap(({ difference }) =>
    [difference.mean, difference.low, difference.high].flatMap((v) => v ?? [])
  );
  return linearAxis(
    [-1.5 * margin, 1.5 * margin, ...values],
    [6, width - 6],
    3,
  );
}
