import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { commonWords, lessonWords } from "../../i18n/language.ts";
import { Remarks } from "../leaderboard/remarks.tsx";
import type { Connection } from "../../live.ts";
import { words } from "../../components/language.ts";
import { Notice, Site } from "../../components/site.tsx";
import { Answers, shownLeaderboard } from "./answers.tsx";
import { Code, type Listings } from "./code.tsx";
import { Errors } from "./errors.tsx";
import { Exercises } from "./exercises.tsx";
import { Expectation, Replacement, Variance } from "./formula.tsx";
import { Layer } from "./layer.tsx";
import { Network } from "./network.tsx";
import type { LessonState } from "./view_state.ts";
import type { StudySource } from "./study_source.ts";

interface LessonProps {
  readonly state: LessonState;
  readonly source: StudySource;
  readonly listings: ReadonlySignal<Listings>;
  readonly connection: ReadonlySignal<Connection>;
}

/** The lesson, from what dropout is to what the study says of it. */
export function LessonPage(props: LessonProps): JSX.Element {
  const { state, source, listings, connection } = props;
  const t = words(lessonWords);
  const common = words(commonWords);
  const title = `${t.title} · ${common.product}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  const leaderboard = shownLeaderboard(state, source);
  return (
    <Site page="lesson" connection={connection.value}>
      {connection.value === "offline" && (
        <Notice tone="warning">{common.offlineNotice}</Notice>
      )}
      <article class="lesson">
        <header>
          <h1>{t.title}</h1>
          <p class="lead">{t.lead}</p>
          <Contents />
        </header>
        <What />
        <Formula />
        <Layer state={state} />
        <Network state={state} />
        <Code listings={listings} />
        <Answers state={state} source={source} />
        <Errors leaderboard={leaderboard} />
        {leaderboard !== null && <Remarks leaderboard={leaderboard} />}
        <Exercises />
      </article>
    </Site>
  );
}

const parts = [
  "what",
  "formula",
  "layer",
  "network",
  "code",
  "answers",
  "errors",
  "exercises",
] as const;

function Contents(): JSX.Element {
  const t = words(lessonWords);
  return (
    <nav class="contents" aria-label={t.contents}>
      <ol>
        {parts.map((part) => (
          <li key={part}>
            <a href={`#${part}`}>{t[part].heading}</a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function What(): JSX.Element {
  const t = words(lessonWords).what;
  return (
    <section id="what" aria-labelledby="what-heading">
      <h2 id="what-heading">{t.heading}</h2>
      <p>{t.habit}</p>
      <p>{t.is}</p>
      <p>{t.isNot}</p>
    </section>
  );
}

function Formula(): JSX.Element {
  const t = words(lessonWords).formula;
  return (
    <section id="formula" aria-labelledby="formula-heading">
      <h2 id="formula-heading">{t.heading}</h2>
      <p>{t.replaced}</p>
      <Replacement />
      <p>{t.mean}</p>
      <Expectation />
      <p>{t.variance}</p>
      <Variance />
      <p>{t.ends}</p>
    </section>
  );
}
