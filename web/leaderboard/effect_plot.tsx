import type { JSX } from "preact";
import type {
  MetricName,
  Verdict,
} from "../../coordinator/protocol/leaderboard.ts";
import { linearAxis } from "../charts/scale.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { formats, words } from "../ui/language.ts";
import { decimalsOf } from "./metrics.ts";

const width = 260;
const middle = 14;

/** What a claim's effect is: a lead says nothing of which figure is higher. */
export function effectName(claimId: string, metric: MetricName): string {
  const { verdicts: t, metrics } = words(leaderboardWords);
  const [kind = ""] = claimId.split("-");
  const name = metrics[metric].short;
  switch (kind) {
    case "high":
      return t.rise(name);
    case "lowest":
    case "order":
      return t.lead(name);
    case "swap":
      return t.differenceIn(name);
    default:
      return name;
  }
}

/** The same as a sentence, for those who do not see it. */
export function effectText(
  { metric, estimate, low, high, margin }: NonNullable<Verdict["effect"]>,
): string {
  const t = words(leaderboardWords).verdicts;
  const decimals = decimalsOf(metric);
  const signed = (value: number) => formats.value.signed(value, decimals);
  return t.plot(
    signed(estimate),
    low !== null && high !== null
      ? `${signed(low)} … ${signed(high)}`
      : t.noInterval,
    `±${formats.value.fixed(Math.abs(margin), decimals)}`,
  );
}

/** The effect's interval against zero and the margin that matters. */
export function EffectPlot(
  { claimId, effect }: {
    readonly claimId: string;
    readonly effect: NonNullable<Verdict["effect"]>;
  },
): JSX.Element {
  const { metric, estimate, low, high } = effect;
  const decimals = decimalsOf(metric);
  const signed = (value: number) => formats.value.signed(value, decimals);
  const margin = Math.abs(effect.margin);
  const hasInterval = low !== null && high !== null;
  const axis = linearAxis(
    [
      -1.5 * margin,
      1.5 * margin,
      estimate,
      ...(hasInterval ? [low, high] : []),
    ],
    [6, width - 6],
    3,
    false,
  );
  return (
    <figure class="effect">
      <svg
        viewBox={`0 0 ${width} 28`}
        role="img"
        aria-label={effectText(effect)}
      >
        <rect
          class="margin"
          x={axis(-margin)}
          width={axis(margin) - axis(-margin)}
          y={2}
          height={24}
        />
        <line class="zero" x1={axis(0)} x2={axis(0)} y1={2} y2={26} />
        {hasInterval && (
          <path
            class="whisker"
            d={`M${axis(low)} ${middle}H${axis(high)}M${axis(low)} 9v10M${
              axis(high)
            } 9v10`}
          />
        )}
        <circle class="mean" cx={axis(estimate)} cy={middle} r={4.5} />
      </svg>
      <figcaption>
        <span class="value">{signed(estimate)}</span>
        <span class="faint">{effectName(claimId, metric)}</span>
      </figcaption>
    </figure>
  );
}
