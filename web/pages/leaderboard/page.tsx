import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { StudyId } from "../../../protocol/ids.ts";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import type { Api } from "../../api.ts";
import { Icon } from "../../components/icon.tsx";
import { localized, words } from "../../components/language.ts";
import {
  coordinatorUrl,
  joinCode,
  linkTo,
  pageLink,
} from "../../components/links.ts";
import { API_PAGE, headerPages, urlAt } from "../../../protocol/pages.ts";
import { Notice, QrCode, Site } from "../../components/site.tsx";
import {
  commonWords,
  leaderboardWords,
  trialsWords,
} from "../../i18n/language.ts";
import { AnswerList } from "./answers.tsx";
import { StudyChart } from "./axis_chart.tsx";
import { Curves } from "./curves.tsx";
import { RecipeLine, Strip, Summary } from "./headline.tsx";
import { Remarks } from "./remarks.tsx";
import type { LeaderboardState } from "./state.ts";
import { Swaps } from "./swaps.tsx";
import { PointTable } from "./table.tsx";
import { TrialList } from "./trial_list.tsx";
import type { TrialListState } from "./trial_list_state.ts";
import { Verdicts } from "./verdicts.tsx";

/** The leaderboard page. */
export function LeaderboardPage(
  { state, trials, api }: {
    readonly state: LeaderboardState;
    readonly trials: TrialListState;
    readonly api: Pick<Api, "exports">;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const leaderboard = state.leaderboard.value;
  const title = t.title(
    leaderboard === null ? "dropout-swarm" : localized(leaderboard.study.title),
  );
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <Site page="leaderboard" connection={state.connection.value}>
      <Notices state={state} />
      {leaderboard === null
        ? state.problem.value === null && (
          <p class="loading" role="status">{t.loading}</p>
        )
        : <Body {...{ state, trials, api, leaderboard }} />}
    </Site>
  );
}

function Body(
  { state, trials, api, leaderboard }: {
    readonly state: LeaderboardState;
    readonly trials: TrialListState;
    readonly api: Pick<Api, "exports">;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  return (
    <>
      <Headline state={state} leaderboard={leaderboard} />
      <Strip leaderboard={leaderboard} />
      <Verdicts leaderboard={leaderboard} />
      <Summary leaderboard={leaderboard} />
      <div class="pair">
        <Curves state={state} leaderboard={leaderboard} />
        <StudyChart state={state} leaderboard={leaderboard} />
      </div>
      <PointTable state={state} rows={leaderboard.rows} />
      <Swaps state={state} leaderboard={leaderboard} />
      <TrialList
        state={state}
        trials={trials}
        recipe={leaderboard.study.recipe}
      />
      <Remarks leaderboard={leaderboard} />
      <Exports leaderboard={leaderboard} api={api} />
    </>
  );
}

function Notices({ state }: { readonly state: LeaderboardState }): JSX.Element {
  const t = words(leaderboardWords);
  const common = words(commonWords);
  const problem = state.problem.value;
  const reload = {
    label: common.reload,
    run: () => location.reload(),
  };
  return (
    <>
      {state.connection.value === "offline" && (
        <Notice tone="warning">{common.offlineNotice}</Notice>
      )}
      {problem?.kind === "outdated" && (
        <Notice tone="warning" action={reload}>{common.outdatedNotice}</Notice>
      )}
      {problem?.kind === "no-study" && <Notice tone="plain">{t.noStudy}
      </Notice>}
      {problem?.kind === "failed" && (
        <Notice tone="warning" action={reload}>
          {t.failed}: {problem.message}
        </Notice>
      )}
    </>
  );
}

function Headline(
  { state, leaderboard }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  return (
    <div class="headline">
      <div>
        <h1>{localized(leaderboard.study.title)}</h1>
        <RecipeLine leaderboard={leaderboard} />
        <StudyChoice state={state} leaderboard={leaderboard} />
        <AnswerList leaderboard={leaderboard} />
      </div>
      {!leaderboard.progress.complete && <Invite />}
    </div>
  );
}

function StudyChoice(
  { state, leaderboard }: {
    readonly state: LeaderboardState;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element | null {
  const t = words(leaderboardWords);
  const studies = state.studies.value?.studies ?? [];
  if (studies.length < 2) return null;
  return (
    <label class="select study-choice">
      <span>{t.study}</span>
      <select
        value={leaderboard.study.id}
        onChange={(event) => {
          const id = StudyId.safeParse(event.currentTarget.value);
          if (!id.success) return;
          state.change({
            study: id.data,
            points: null,
            page: 1,
            trialsPage: 1,
          });
          state.refresh().catch(() => state.setConnection("offline"));
        }}
      >
        {studies.map((study) => (
          <option key={study.id} value={study.id}>
            {study.active && study.completed < study.trials
              ? t.activeStudy(study.id)
              : study.id}
          </option>
        ))}
      </select>
    </label>
  );
}

function Exports(
  { leaderboard, api }: {
    readonly leaderboard: Leaderboard;
    readonly api: Pick<Api, "exports">;
  },
): JSX.Element {
  const t = words(leaderboardWords).exports;
  const { id } = leaderboard.study;
  const links = api.exports(id);
  const files = {
    trialsCsv: `${id}-trials.csv`,
    curvesCsv: `${id}-curves.csv`,
    curvesJson: `${id}-curves.json`,
  };
  return (
    <section class="exports" aria-labelledby="exports-heading">
      <h2 id="exports-heading">{t.heading}</h2>
      <ul>
        <li>
          <a class="button" href={links.csv} download={`${id}.csv`}>
            <Icon name="download" />
            {t.csv}
          </a>
        </li>
        <li>
          <a class="button" href={links.json} download={`${id}.json`}>
            <Icon name="download" />
            {t.json}
          </a>
        </li>
        {(["trialsCsv", "curvesCsv", "curvesJson"] as const).map((name) => (
          <li key={name}>
            <a class="button" href={links[name]} download={files[name]}>
              <Icon name="download" />
              {words(trialsWords).exports[name]}
            </a>
          </li>
        ))}
        <li>
          <a class="button" href={links.report} download={`${id}.html`}>
            <Icon name="download" />
            {t.report}
          </a>
        </li>
        <li>
          <a class="button" href={linkTo(API_PAGE)}>
            <Icon name="link" />
            {t.api}
          </a>
        </li>
      </ul>
    </section>
  );
}

/** Host names that work only on the coordinator's machine, not on a phone. */
const loopback = /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/;

/** Invites the reader to join with this device or a phone. */
export function Invite(): JSX.Element {
  const t = words(leaderboardWords).invite;
  const code = joinCode();
  const link = urlAt(coordinatorUrl(), headerPages.join) +
    (code === null ? "" : `#${code}`);
  const reachable = !loopback.test(location.hostname);
  return (
    <aside class="invite" aria-labelledby="invite-heading">
      {reachable && <QrCode link={link} label={t.qr(link)} />}
      <div>
        <h2 id="invite-heading">{t.heading}</h2>
        <p>{reachable ? t.withPhone : t.here}</p>
        <a class="button is-primary" href={pageLink("join")}>
          {t.join}
        </a>
      </div>
    </aside>
  );
}
