import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type {
  Leaderboard,
  Report,
  ReportOrigin,
} from "../../../protocol/leaderboard.ts";
import { saveFile } from "../../components/charts/picture.ts";
import { Icon, Mark } from "../../components/icon.tsx";
import {
  formats,
  language,
  localized,
  words,
} from "../../components/language.ts";
import { Facts, LanguageSwitch, Notice } from "../../components/site.tsx";
import { languages, reportWords } from "../../i18n/language.ts";
import { AnswerList } from "../leaderboard/answers.tsx";
import { StudyChart } from "../leaderboard/axis_chart.tsx";
import { Curves } from "../leaderboard/curves.tsx";
import { RecipeLine, Summary } from "../leaderboard/headline.tsx";
import { Remarks } from "../leaderboard/remarks.tsx";
import type { LeaderboardState } from "../leaderboard/state.ts";
import { Swaps } from "../leaderboard/swaps.tsx";
import { PointTable } from "../leaderboard/table.tsx";
import { Verdicts } from "../leaderboard/verdicts.tsx";

/** A study's report: the parts of the leaderboard in one file. */
export function ReportPage(
  { state, report }: {
    readonly state: LeaderboardState;
    readonly report: Report;
  },
): JSX.Element {
  const t = words(reportWords);
  const { leaderboard, origin } = report;
  const { study, progress, rows } = leaderboard;
  const title = t.title(localized(study.title));
  const count = formats.value.integer;
  useEffect(() => {
    document.title = title;
  }, [title]);
  const save = (name: string, data: unknown) =>
    saveFile(
      name,
      new Blob([JSON.stringify(data, null, 1)], { type: "application/json" }),
    );
  return (
    <Frame>
      <div class="headline">
        <div>
          <p class="kind">{t.kind}</p>
          <h1>{localized(study.title)}</h1>
          <RecipeLine leaderboard={leaderboard} />
          <AnswerList leaderboard={leaderboard} />
        </div>
      </div>
      {!progress.complete && (
        <Notice tone="warning">
          {t.unfinished(count(progress.completed), count(progress.total))}
        </Notice>
      )}
      <Verdicts leaderboard={leaderboard} />
      <Summary leaderboard={leaderboard} />
      <PointTable state={state} rows={rows} />
      <div class="pair">
        <Curves state={state} leaderboard={leaderboard} />
        <StudyChart state={state} leaderboard={leaderboard} />
      </div>
      <Swaps state={state} leaderboard={leaderboard} />
      <Remarks leaderboard={leaderboard} />
      <Origin origin={origin} leaderboard={leaderboard} />
      <section class="exports" aria-labelledby="data-heading">
        <h2 id="data-heading">{t.embedded.heading}</h2>
        <p>{t.embedded.note}</p>
        <ul>
          <li>
            <button
              type="button"
              class="button"
              onClick={() => save(`${study.id}.leaderboard.json`, leaderboard)}
            >
              <Icon name="download" />
              {t.embedded.save}
            </button>
          </li>
          {origin.definition !== null && (
            <li>
              <button
                type="button"
                class="button"
                onClick={() => save(`${study.id}.json`, origin.definition)}
              >
                <Icon name="download" />
                {t.embedded.definition}
              </button>
            </li>
          )}
        </ul>
      </section>
    </Frame>
  );
}

/** For a file with incomplete data or data of another release. */
export function BrokenReport(): JSX.Element {
  return (
    <Frame>
      <h1>{words(reportWords).broken}</h1>
    </Frame>
  );
}

function Frame(
  { children }: { readonly children: ComponentChildren },
): JSX.Element {
  return (
    <>
      <header class="site-header">
        <div class="bar">
          <span class="brand">
            <Mark />
            <span>dropout-swarm</span>
          </span>
          <div class="tools">
            <LanguageSwitch />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>{children}</main>
    </>
  );
}

/** How the figures were made, and how to reproduce them. */
export function Origin(
  { origin, leaderboard }: {
    readonly origin: ReportOrigin;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const t = words(reportWords).made;
  const { study, progress, rows, revision } = leaderboard;
  const count = formats.value.integer;
  const made = new Intl.DateTimeFormat(languages[language.value].tag, {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "UTC",
  }).format(new Date(origin.madeAt));
  return (
    <section class="origin" aria-labelledby="origin-heading">
      <h2 id="origin-heading">{t.heading}</h2>
      <Facts
        rows={[
          [t.on, `${made} UTC`],
          [
            t.software,
            t.versions(
              origin.version,
              origin.deno,
              count(origin.protocolVersion),
            ),
          ],
          [
            t.data,
            t.counts(
              count(rows.length),
              count(progress.completed),
              count(revision),
            ),
          ],
          [
            t.trained,
            origin.backends.length === 0
              ? t.notKnown
              : origin.backends.map(({ backend, trials, seconds }) => (
                <span key={backend} class="backend">
                  {t.backend(
                    backend,
                    count(trials),
                    formats.value.duration(seconds),
                  )}
                </span>
              )),
          ],
        ]}
      />
      <h3>{t.commands}</h3>
      <pre tabIndex={0}>{origin.commands.join("\n")}</pre>
      <p class="note">{t.seed(count(study.seed))}</p>
    </section>
  );
}
