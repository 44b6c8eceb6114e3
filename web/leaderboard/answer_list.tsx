import type { JSX } from "preact";
import type { Leaderboard } from "../../coordinator/protocol/leaderboard.ts";
import { answerWords } from "../i18n/answer_words.ts";
import { Icon } from "../ui/icon.tsx";
import { formats, words } from "../ui/language.ts";
import { answersOf } from "./answers.ts";

/** What the study found, for those who read nothing else. */
export function AnswerList(
  { leaderboard: { verdicts, progress } }: {
    readonly leaderboard: Leaderboard;
  },
): JSX.Element | null {
  const t = words(answerWords);
  const answers = answersOf(verdicts, t, formats.value.list);
  if (answers.length === 0) return null;
  return (
    <section class="answers" aria-labelledby="answer-heading">
      <h2 id="answer-heading" class="hidden">{t.heading}</h2>
      {progress.completed === 0 ? <p class="none">{t.none}</p> : (
        <>
          {!progress.complete && <p class="none">{t.provisional}</p>}
          <ul>
            {answers.map(({ topic, settled, text }) => (
              <li key={topic} class={settled ? "is-settled" : "is-open"}>
                <Icon name={settled ? "check" : "question"} />
                <span>
                  <span class="hidden">{settled ? t.settled : t.open}</span>
                  {" "}
                  {text}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
