import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type {
  AttemptView,
  TrialState,
  TrialView,
} from "../../../protocol/views.ts";
import { Icon } from "../../components/icon.tsx";
import { ItemNotices, type ItemState } from "../../components/item_page.tsx";
import { TableScroll } from "../../components/tables.tsx";
import { formats, words } from "../../components/language.ts";
import { linkTo, pointLink, studyLink } from "../../components/links.ts";
import { recipeFacts } from "../../components/item_page.tsx";
import { Crumbs, Facts, Nickname, Site, Stat } from "../../components/site.tsx";
import { commonWords, trialsWords } from "../../i18n/language.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { TrialCurves } from "./curves.tsx";

/** The page of a trial. */
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
          href={linkTo(`/api/trials/${trial.trialId}`)}
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

/** Everything that determines the trial's figures. */
function About({ trial }: { readonly trial: TrialView }): JSX.Element {
  const t = words(trialsWords).about;
  const rows = [
    [t.id, <code key="id">{trial.trialId}</code>],
    [
      t.study,
      <a key="study" href={studyLink(trial.studyId)}>{trial.studyId}</a>,
    ],
    ...recipeFacts(trial.recipe, trial.params),
    [t.seed, String(trial.seed)],
  ] as const;
  return (
    <section aria-labelledby="about-heading">
      <h2 id="about-heading">{t.heading}</h2>
      <Facts class="facts" rows={rows} />
    </section>
  );
}

/** All attempts at the trial, and how they ended. */
export function Attempts(
  { trial }: { readonly trial: TrialView },
): JSX.Element {
  const t = words(trialsWords).attempts;
  const heads = [
    [t.number, ""],
    [t.worker, "text"],
    [t.backend, "text"],
    [t.started, "text"],
    [t.took, ""],
    [t.epochs, ""],
    [t.state, "text"],
    [t.why, "text"],
  ] as const;
  return (
    <section aria-labelledby="attempts-heading">
      <h2 id="attempts-heading">{t.heading}</h2>
      {trial.attempts.length === 0
        ? <p>{t.none}</p>
        : (
          <TableScroll label="#attempts-heading">
            <table class="list">
              <caption class="hidden">{t.caption}</caption>
              <thead>
                <tr>
                  {heads.map(([head, kind]) => (
                    <th key={head} scope="col" class={kind}>{head}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {trial.attempts.map((attempt) => (
                  <Row key={attempt.attempt} attempt={attempt} />
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
    </section>
  );
}

function Row({ attempt }: { readonly attempt: AttemptView }): JSX.Element {
  const t = words(trialsWords);
  const { dateTime, duration } = formats.value;
  const { startedAt, endedAt, state } = attempt;
  return (
    <tr>
      <th scope="row">{attempt.attempt}</th>
      <td class="text">
        <Nickname text={attempt.workerName} />
      </td>
      <td class="text">
        {attempt.backend}
        {attempt.backendDetail !== null && (
          <span class="detail">
            <Nickname text={attempt.backendDetail} />
          </span>
        )}
      </td>
      <td class="text">
        <time dateTime={startedAt}>{dateTime(new Date(startedAt))}</time>
        {endedAt !== null && (
          <span class="detail">
            {t.attempts.until}{" "}
            <time dateTime={endedAt}>{dateTime(new Date(endedAt))}</time>
          </span>
        )}
      </td>
      <td>
        {endedAt === null
          ? t.none
          : duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}
      </td>
      <td>{attempt.epochs.length}</td>
      <td class="text">
        <span class={`state is-${state}`}>{t.attempts.states[state]}</span>
      </td>
      <td class="text why">
        {t.attempts.whys[state]}
        {attempt.message !== null && (
          <span class="detail">
            {t.attempts.said} <bdi>{attempt.message}</bdi>
          </span>
        )}
      </td>
    </tr>
  );
}

const names = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;

/** d2l's three checks with the checked figures. */
export function Checks(
  { trial: { result } }: { readonly trial: TrialView },
): JSX.Element {
  const t = words(trialsWords).checks;
  return (
    <section aria-labelledby="checks-heading">
      <h2 id="checks-heading">{t.heading}</h2>
      <p class="hint">{t.note}</p>
      {result === null
        ? <p>{t.waiting}</p>
        : result.outcome === "diverged"
        ? <p>{t.diverged}</p>
        : (
          <ul class="checklist">
            {names.map((name) => {
              const passed = result.checks[name];
              const value = result.epochs.at(-1)?.[name];
              return (
                <li key={name} class={passed ? "check-all" : "check-some"}>
                  <Icon name={passed ? "check" : "alert"} />
                  <span>{t[name]}</span>
                  <span class="value">
                    {value !== undefined && formats.value.fixed(value, 4)}
                  </span>
                  <span>{passed ? t.passed : t.failed}</span>
                </li>
              );
            })}
          </ul>
        )}
    </section>
  );
}

/** The state of a trial, as a word and a mark. */
export function StateTag(
  { state, outcome }: {
    readonly state: TrialState;
    readonly outcome?: "trained" | "diverged" | null;
  },
): JSX.Element {
  const t = words(trialsWords);
  const diverged = outcome === "diverged";
  return (
    <span class={`state is-${diverged ? "diverged" : state}`}>
      <i class={`dot is-${dots[state]}`} aria-hidden="true" />
      {diverged ? t.diverged : t.states[state]}
    </span>
  );
}

/** The names of the leaderboard's dots. */
const dots = {
  queued: "queued",
  leased: "running",
  verifying: "running",
  completed: "done",
  quarantined: "quarantined",
} as const satisfies Record<TrialState, string>;
