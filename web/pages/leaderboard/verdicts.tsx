import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type {
  Comparison,
  Leaderboard,
  MetricName,
  Verdict,
} from "../../../protocol/leaderboard.ts";
import type { Params } from "../../../protocol/study.ts";
import { linearAxis } from "../../components/charts/scale.ts";
import { inPlace, useHold } from "../../components/controls.tsx";
import { Icon, type IconName } from "../../components/icon.tsx";
import { TableScroll } from "../../components/tables.tsx";
import { formats, localized, words } from "../../components/language.ts";
import { leaderboardWords } from "../../i18n/language.ts";
import { decimalsOf, formatP } from "./metrics.ts";
import { pointLabel } from "./points.ts";
import { SaveChart } from "./save_chart.tsx";

const icons = {
  "supported": "check",
  "contradicted": "cross",
  "not-enough-evidence": "question",
} as const satisfies Record<Verdict["verdict"], IconName>;

/** A card for each claim, with its verdict and the evidence. */
export function Verdicts(
  { leaderboard }: { readonly leaderboard: Leaderboard },
): JSX.Element {
  const t = words(leaderboardWords).verdicts;
  const { verdicts } = leaderboard;
  return (
    <section class="verdicts" aria-labelledby="verdicts-heading">
      <h2 id="verdicts-heading">{t.heading}</h2>
      {verdicts.length === 0
        ? <p class="faint none">{t.none}</p>
        : (
          <div class="cards">
            {verdicts.map((verdict) => (
              <VerdictCard
                key={verdict.claimId}
                verdict={verdict}
                leaderboard={leaderboard}
              />
            ))}
          </div>
        )}
      <Announcer key={leaderboard.study.id} verdicts={verdicts} />
    </section>
  );
}

/** The card of one claim. */
export function VerdictCard(
  { verdict, leaderboard, level = 3 }: {
    readonly verdict: Verdict;
    /** The source that a saved picture names. */
    readonly leaderboard: Leaderboard;
    /** Level of the card's heading. */
    readonly level?: 3 | 4;
  },
): JSX.Element {
  const card = useRef<HTMLElement>(null);
  const t = words(leaderboardWords).verdicts;
  const heading = `claim-${verdict.claimId}`;
  const { effect } = verdict;
  const Heading = level === 3 ? "h3" : "h4";
  return (
    <article
      class={`card is-${verdict.verdict}`}
      aria-labelledby={heading}
      ref={card}
    >
      <p class="verdict">
        <span class="badge">
          <Icon name={icons[verdict.verdict]} />
          {t.names[verdict.verdict]}
        </span>
        {verdict.provisional && (
          <span class="tag" title={t.provisionalNote}>{t.provisional}</span>
        )}
      </p>
      <div class="said">
        <Heading id={heading}>{localized(verdict.claim)}</Heading>
        <p>{localized(verdict.headline)}</p>
      </div>
      {effect !== null && (
        <EffectPlot claimId={verdict.claimId} effect={effect} />
      )}
      <details>
        <summary>{t.details}</summary>
        <div class="details">
          <p>{localized(verdict.evidence)}</p>
          <p class="caution">{localized(verdict.caution)}</p>
          <Numbers verdict={verdict} />
          <Comparisons comparisons={verdict.comparisons} />
          {effect !== null && (
            <SaveChart
              leaderboard={leaderboard}
              name={`effect-${verdict.claimId}`}
              title={localized(verdict.claim)}
              subtitle={`${localized(verdict.headline)} ${effectText(effect)}`}
              chart={() => card.current?.querySelector(".effect > svg") ?? null}
            />
          )}
        </div>
      </details>
    </article>
  );
}

function Numbers({ verdict }: { readonly verdict: Verdict }): JSX.Element {
  const { verdicts: t } = words(leaderboardWords);
  const { claimId, effect, pAdjusted, replicates } = verdict;
  return (
    <dl class="numbers">
      {effect !== null && (
        <>
          <Number name={effectName(claimId, effect.metric)}>
            {formats.value.signed(effect.estimate, decimalsOf(effect.metric))}
          </Number>
          <Number name={t.interval}>{intervalText(effect)}</Number>
          <Number name={t.margin}>{marginText(effect)}</Number>
        </>
      )}
      <Number name={t.replicates}>{formats.value.integer(replicates)}</Number>
      {pAdjusted !== null && (
        <Number name={t.adjustedP}>{formatP(pAdjusted, formats.value)}</Number>
      )}
    </dl>
  );
}

function Number(
  { name, children }: { readonly name: string; readonly children: string },
): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

type Effect = NonNullable<Verdict["effect"]>;

function intervalText({ metric, low, high }: Effect): string {
  if (low === null || high === null) {
    return words(leaderboardWords).verdicts.noInterval;
  }
  const signed = (value: number) =>
    formats.value.signed(value, decimalsOf(metric));
  return `${signed(low)} … ${signed(high)}`;
}

function marginText({ metric, margin }: Effect): string {
  return `±${formats.value.fixed(Math.abs(margin), decimalsOf(metric))}`;
}

/** Tells screen readers that a verdict changed while the page is open. */
function Announcer(
  { verdicts }: { readonly verdicts: readonly Verdict[] },
): JSX.Element {
  const t = words(leaderboardWords).verdicts;
  const before = useRef(new Map<string, Verdict["verdict"]>());
  const [message, setMessage] = useState("");
  useEffect(() => {
    const changes = verdicts.filter((verdict) => {
      const was = before.current.get(verdict.claimId);
      return was !== undefined && was !== verdict.verdict;
    });
    before.current = new Map(verdicts.map((v) => [v.claimId, v.verdict]));
    if (changes.length > 0) {
      setMessage(
        changes.map((verdict) =>
          t.changed(localized(verdict.claim), t.names[verdict.verdict])
        ).join(" "),
      );
    }
  }, [verdicts]);
  return <p class="hidden" aria-live="polite">{message}</p>;
}

const width = 260;

const middle = 14;

/**
 * Names a claim's effect. A lead is no difference of the metric: it is positive
 * for the better side, also if lower is better.
 */
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

/** The effect as text, for screen readers. */
export function effectText(effect: Effect): string {
  const t = words(leaderboardWords).verdicts;
  const { metric, estimate, low, high } = effect;
  const decimals = decimalsOf(metric);
  const signed = (value: number) => formats.value.signed(value, decimals);
  return t.plot(
    signed(estimate),
    low !== null && high !== null
      ? `${signed(low)} … ${signed(high)}`
      : t.noInterval,
    marginText(effect),
  );
}

/** The effect's interval, with zero and the margin that matters. */
export function EffectPlot(
  { claimId, effect }: {
    readonly claimId: string;
    readonly effect: Effect;
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

/** Maximum number of comparisons; the JSON has all of them. */
const MOST = 12;

/** A table of a verdict's comparisons. */
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
      <TableScroll label={t.comparisons}>
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
      </TableScroll>
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
