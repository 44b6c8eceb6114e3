import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { TrialView } from "../../coordinator/protocol/views.ts";
import { commonWords } from "../i18n/common_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { Crumbs } from "../ui/crumbs.tsx";
import { Icon } from "../ui/icon.tsx";
import { ItemNotices } from "../ui/item_notices.tsx";
import type { ItemState } from "../ui/item_state.ts";
import { formats, words } from "../ui/language.ts";
import { pointLink, studyLink } from "../ui/links.ts";
import { Site } from "../ui/site.tsx";
import { Attempts } from "./attempts.tsx";
import { Checks } from "./checks.tsx";
import { TrialCurves } from "./curves.tsx";
import { StateTag } from "./state_tag.tsx";
import { Stat } from "../ui/stat.tsx";

/** One trial, live while it runs. */
export function TrialPage(
  { state }: { readonly state: ItemState<TrialView> },
): JSX.Element {
  const t = words(trialsWords);
  const trial = state.item.value;
  const title = trial === null
    ? "dropout-swarm"
    : t.trialTitle(pointLabel(trial.params), String(trial.replicate));
  useEffect(() => {
    document.title = `${title} · dropout-swarm`;
  }, [title]);
  return (
    <Site page={null} connection={state.connection.value}>
      <ItemNotices state={state} missing={t.noTrial} failed={t.failed} />
      {trial === null
        ? state.problem.value === null &&
          <p class="loading" role="status">{t.loading}</p>
        : <Body trial={trial} title={title} />}
    </Site>
  );
}

function Body(
  { trial, title }: { readonly trial: TrialView; readonly title: string },
): JSX.Element {
  const t = words(trialsWords);
  const { rate } = formats.value;
  const { dropout1, dropout2 } = trial.params;
  return (
    <>
      <div class="item-head">
        <Crumbs
          label={t.path}
          links={[
            {
              href: studyLink(trial.studyId),
              text: words(commonWords).leaderboard,
            },
            {
              href: pointLink(trial.studyId, trial.params),
              text: t.pointTitle(pointLabel(trial.params)),
            },
          ]}
          here={t.curves.replicate(String(trial.replicate))}
        />
        <h1>{title}</h1>
        <p class="recipe">{t.rates(rate(dropout1), rate(dropout2))}</p>
        {!trial.planned && <p class="aside">{t.unplanned}</p>}
      </div>
      <Figures trial={trial} />
      <TrialCurves trial={trial} />
      <div class="pair">
        <Checks trial={trial} />
        <About trial={trial} />
      </div>
      <Attempts trial={trial} />
      <section class="exports" aria-labelledby="exports-heading">
        <h2 id="exports-heading">{t.exports.heading}</h2>
        <a
          class="button"
          href={`/api/trials/${trial.trialId}`}
          download={`${trial.trialId}.json`}
        >
          <Icon name="download" />
          {t.exports.trialJson}
        </a>
      </section>
    </>
  );
}

function Figures({ trial }: { readonly trial: TrialView }): JSX.Element {
  const t = words(trialsWords);
  const { fixed, integer, duration } = formats.value;
  const { result } = trial;
  return (
    <section class="strip" aria-labelledby="figures-heading">
      <h2 id="figures-heading" class="hidden">{t.stats.heading}</h2>
      <dl>
        <Stat name={t.stats.state}>
          <StateTag state={trial.state} outcome={result?.outcome ?? null} />
        </Stat>
        <Stat
          name={t.stats.epochs}
          note={t.stats.of(integer(trial.recipe.epochs))}
        >
          {integer(trial.epochsDone)}
        </Stat>
        <Stat name={t.checks.heading} note={t.stats.of("3")}>
          {result?.outcome === "trained"
            ? integer(Object.values(result.checks).filter(Boolean).length)
            : t.none}
        </Stat>
        <Stat
          name={t.stats.time}
          note={result === null || result.epochs.length === 0
            ? ""
            : t.stats.perEpoch(`${
              fixed(
                result.epochs.reduce((sum, e) => sum + e.seconds, 0) /
                  result.epochs.length,
                2,
              )
            }\u00a0s`)}
        >
          {trial.seconds === null ? t.none : duration(trial.seconds)}
        </Stat>
        <Stat name={t.stats.attempts}>{integer(trial.attempts.length)}</Stat>
      </dl>
      {result?.outcome === "diverged" && (
        <p class="aside">{t.divergedAt(integer(result.divergedAtEpoch))}</p>
      )}
    </section>
  );
}

/** What fixes the trial's figures. */
function About({ trial }: { readonly trial: TrialView }): JSX.Element {
  const t = words(trialsWords).about;
  const { recipe } = trial;
  const { integer, rate } = formats.value;
  const rows = [
    [t.id, <code key="id">{trial.trialId}</code>],
    [
      t.study,
      <a key="study" href={studyLink(trial.studyId)}>{trial.studyId}</a>,
    ],
    [t.network, t.layers(recipe.hiddenSizes.join(" + "))],
    [
      t.recipe,
      t.recipeOf(
        integer(recipe.epochs),
        integer(recipe.batchSize),
        rate(recipe.learningRate),
      ),
    ],
    [t.seed, String(trial.seed)],
  ] as const;
  return (
    <section aria-labelledby="about-heading">
      <h2 id="about-heading">{t.heading}</h2>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
