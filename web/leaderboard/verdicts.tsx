import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type {
  Leaderboard,
  Verdict,
} from "../../coordinator/protocol/leaderboard.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { formats, language, words } from "../ui/language.ts";
import { Comparisons } from "./comparisons.tsx";
import { effectName, EffectPlot, effectText } from "./effect_plot.tsx";
import { SaveChart } from "./save_chart.tsx";
import { decimalsOf, formatP } from "./metrics.ts";

const icons = {
  "supported": "check",
  "contradicted": "cross",
  "not-enough-evidence": "question",
} as const satisfies Record<Verdict["verdict"], IconName>;

/** A card a claim: what the data say of it, and how sure that is. */
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
    /** Named in the file where the effect is saved as a picture. */
    readonly leaderboard: Leaderboard;
    /** Of its heading. */
    readonly level?: 3 | 4;
  },
): JSX.Element {
  const card = useRef<HTMLElement>(null);
  const t = words(leaderboardWords).verdicts;
  const here = language.value;
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
        <Heading id={heading}>{verdict.claim[here]}</Heading>
        <p>{verdict.headline[here]}</p>
      </div>
      {effect !== null && (
        <EffectPlot claimId={verdict.claimId} effect={effect} />
      )}
      <details>
        <summary>{t.details}</summary>
        <div class="details">
          <p>{verdict.evidence[here]}</p>
          <p class="caution">{verdict.caution[here]}</p>
          <Numbers verdict={verdict} />
          <Comparisons comparisons={verdict.comparisons} />
          {effect !== null && (
            <SaveChart
              leaderboard={leaderboard}
              name={`effect-${verdict.claimId}`}
              title={verdict.claim[here]}
              subtitle={`${verdict.headline[here]} ${effectText(effect)}`}
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

/** Tells screen readers when a verdict changes while the page is open. */
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
          t.changed(verdict.claim[language.value], t.names[verdict.verdict])
        ).join(" "),
      );
    }
  }, [verdicts]);
  return <p class="hidden" aria-live="polite">{message}</p>;
}
