import type { JSX } from "preact";
import type {
  Leaderboard,
  Verdict,
  VerdictName,
} from "../../../protocol/leaderboard.ts";
import { Icon } from "../../components/icon.tsx";
import { formats, words } from "../../components/language.ts";
import { type AnswerWords, answerWords } from "../../i18n/language.ts";
import type { Formats } from "../../i18n/format.ts";

/** The study's questions, and the claims that answer them, by metric. */
const topics = {
  high: { "high-rates": "trainLoss" },
  lowest: {
    "lowest-train-loss": "trainLoss",
    "lowest-train-loss-dropout-off": "trainLossDropoutOff",
    "lowest-test-loss": "testLoss",
    "lowest-test-accuracy": "testAccuracy",
  },
  swap: {
    "swap-train-loss": "trainLoss",
    "swap-test-accuracy": "testAccuracy",
  },
  order: {
    "order-train-loss": "trainLoss",
    "order-test-accuracy": "testAccuracy",
  },
} as const satisfies Record<
  string,
  Readonly<Record<string, keyof AnswerWords["metrics"]>>
>;

type Topic = keyof typeof topics;

const topicNames = ["high", "lowest", "swap", "order"] as const;

/** The answer to one question, as a sentence. */
export interface Answer {
  readonly topic: Topic;
  /** False if none of its claims is supported or contradicted. */
  readonly settled: boolean;
  readonly text: string;
}

/**
 * The order of verdicts in a sentence. For swapping, "contradicted" comes
 * first, because a change in one metric is enough to contradict that it changes
 * nothing.
 */
function leading(topic: Topic): readonly VerdictName[] {
  return topic === "swap"
    ? ["contradicted", "supported", "not-enough-evidence"]
    : ["supported", "contradicted", "not-enough-evidence"];
}

function answerOf(
  topic: Topic,
  verdicts: readonly Verdict[],
  t: AnswerWords,
  list: Formats["list"],
): Answer[] {
  const asked = Object.entries(topics[topic]).flatMap(([claimId, metric]) => {
    const found = verdicts.find((one) => one.claimId === claimId);
    return found === undefined ? [] : [{ metric, verdict: found.verdict }];
  });
  const groups = leading(topic).flatMap((verdict) => {
    const on = asked.filter((one) => one.verdict === verdict)
      .map(({ metric }) => t.metrics[metric]);
    return on.length === 0 ? [] : [{ verdict, on: list(on) }];
  });
  const [first, ...others] = groups;
  if (first === undefined) return [];
  // A sentence about all metrics names none, except for swapping.
  const on = others.length === 0 && topic !== "swap" ? "" : first.on;
  return [{
    topic,
    settled: first.verdict !== "not-enough-evidence",
    text: [
      t.topics[topic][first.verdict](on),
      ...others.map(({ verdict, on }) =>
        topic === "swap" && verdict === "supported"
          ? t.unchanged(on)
          : t.others[verdict](on)
      ),
    ].join(t.then) + t.stop,
  }];
}

/** A sentence for each question of the study, made from its verdicts. */
export function answersOf(
  verdicts: readonly Verdict[],
  t: AnswerWords,
  list: Formats["list"],
): Answer[] {
  return topicNames.flatMap((topic) => answerOf(topic, verdicts, t, list));
}

/** What the study found, in a few sentences. */
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
