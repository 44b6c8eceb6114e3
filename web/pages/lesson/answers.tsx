import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import { commonWords, lessonWords } from "../../i18n/language.ts";
import { AnswerList } from "../leaderboard/answers.tsx";
import { VerdictCard } from "../leaderboard/verdicts.tsx";
import { pageLink } from "../../components/links.ts";
import { formats, words } from "../../components/language.ts";
import { Segmented } from "../../components/controls.tsx";
import { Notice } from "../../components/site.tsx";
import { Command } from "./code.tsx";
import { type Conclusion, conclusions, verdictsOn } from "./evidence.ts";
import { PairTable, RankingTable } from "./answer_tables.tsx";
import type { LiveStudy, SampleStudy, StudySource } from "./study_source.ts";
import {
  type LessonState,
  type StudyChoice,
  studyChoices,
} from "./view_state.ts";
import { TrendChart } from "./trend_chart.tsx";

/** The shown study: the visitor's choice, else the live one if possible. */
export function shownStudy(
  chosen: StudyChoice | null,
  live: LiveStudy,
): StudyChoice {
  if (chosen !== null && (chosen === "sample" || live.kind === "results")) {
    return chosen;
  }
  return live.kind === "nothing" || live.kind === "outdated"
    ? "sample"
    : "live";
}

/** The leaderboard of the shown study; null while there is none. */
export function shownLeaderboard(
  state: LessonState,
  source: StudySource,
): Leaderboard | null {
  const live = source.live.value;
  return shownStudy(state.view.value.study, live) === "sample"
    ? source.sample.value?.leaderboard ?? null
    : live.kind === "results"
    ? live.leaderboard
    : null;
}

/** The study's answers to the notebook's three conclusions. */
export function Answers(
  { state, source }: {
    readonly state: LessonState;
    readonly source: StudySource;
  },
): JSX.Element {
  const t = words(lessonWords).answers;
  const leaderboard = shownLeaderboard(state, source);
  return (
    <section id="answers" aria-labelledby="answers-heading" class="is-wide">
      <h2 id="answers-heading">{t.heading}</h2>
      <p>{t.intro}</p>
      <Provenance state={state} source={source} />
      {leaderboard !== null && (
        <>
          <AnswerList leaderboard={leaderboard} />
          {conclusions.map((conclusion, i) => (
            <Answer
              key={conclusion}
              number={i + 1}
              conclusion={conclusion}
              leaderboard={leaderboard}
            />
          ))}
          <p>
            <a href={pageLink("leaderboard")}>{t.leaderboard}</a>
          </p>
        </>
      )}
    </section>
  );
}

/** The source of the figures, and the choice between the two sources. */
function Provenance(
  { state, source }: {
    readonly state: LessonState;
    readonly source: StudySource;
  },
): JSX.Element {
  const t = words(lessonWords).answers;
  const live = source.live.value;
  const sample = source.sample.value;
  const shown = shownStudy(state.view.value.study, live);
  const [failure, setFailure] = useState<string | null>(null);
  const load = () =>
    source.loadSample().then(
      () => setFailure(null),
      (error) => setFailure(String(error)),
    );
  useEffect(() => {
    if (shown === "sample") void load();
  }, [shown]);
  return (
    <div class="provenance">
      {live.kind === "results" && (
        <Segmented
          label={t.chosen}
          name="study"
          options={studyChoices.map((value) => ({
            value,
            label: t.choices[value],
          }))}
          value={shown}
          onChange={(study) => state.change({ study })}
        />
      )}
      <div role="status">
        {shown === "live" && (
          <p>
            {live.kind === "results"
              ? t.live(
                formats.value.integer(live.leaderboard.progress.completed),
                formats.value.integer(live.leaderboard.progress.total),
              )
              : t.asking}
          </p>
        )}
        {shown === "sample" && (
          <>
            {live.kind === "nothing" && <p>{t.noLive}</p>}
            {live.kind === "outdated" && <p>{t.outdated}</p>}
            <p>
              {sample !== null
                ? <SampleNote sample={sample} />
                : failure === null && t.fetching}
            </p>
          </>
        )}
      </div>
      {shown === "sample" && sample === null && failure !== null && (
        <Notice
          tone="warning"
          action={{ label: words(commonWords).retry, run: () => void load() }}
        >
          {t.sampleFailed}: {failure}
        </Notice>
      )}
    </div>
  );
}

function SampleNote({ sample }: { readonly sample: SampleStudy }): JSX.Element {
  const t = words(lessonWords).answers;
  const { about, leaderboard } = sample;
  const { integer } = formats.value;
  return (
    <>
      {t.sample({
        ...about,
        points: integer(leaderboard.rows.length),
        replicates: integer(leaderboard.study.replicates),
      })} <Command line={about.command} />
    </>
  );
}

function Answer(
  { number, conclusion, leaderboard }: {
    readonly number: number;
    readonly conclusion: Conclusion;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const t = words(lessonWords).answers;
  const verdicts = verdictsOn(conclusion, leaderboard);
  const heading = `conclusion-${conclusion}`;
  return (
    <section class="answer" aria-labelledby={heading}>
      <h3 id={heading}>{number}. {t.conclusions[conclusion].heading}</h3>
      <figure class="quote">
        <figcaption>{t.concludes}</figcaption>
        <blockquote>{t.conclusions[conclusion].quote}</blockquote>
      </figure>
      {verdicts.length === 0
        ? <p class="faint">{t.untested}</p>
        : (
          <div class="cards">
            {verdicts.map((verdict) => (
              <VerdictCard
                key={verdict.claimId}
                verdict={verdict}
                leaderboard={leaderboard}
                level={4}
              />
            ))}
          </div>
        )}
      <Chart conclusion={conclusion} leaderboard={leaderboard} />
    </section>
  );
}

function Chart(
  { conclusion, leaderboard }: {
    readonly conclusion: Conclusion;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element | null {
  switch (conclusion) {
    case "high":
      return <TrendChart leaderboard={leaderboard} />;
    case "lowest":
      return <RankingTable rows={leaderboard.rows} />;
    case "swap":
      return <PairTable leaderboard={leaderboard} />;
    default:
      return conclusion satisfies never;
  }
}
