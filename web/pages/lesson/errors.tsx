import type { JSX } from "preact";
import type {
  Leaderboard,
  LeaderboardRow,
} from "../../../protocol/leaderboard.ts";
import { lessonWords } from "../../i18n/language.ts";
import { formatMetric } from "../leaderboard/metrics.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { formats, localized, words } from "../../components/language.ts";
import {
  errorEvidence,
  type ErrorId,
  errorIds,
  ranked,
  spreadOf,
} from "./evidence.ts";

/** The notebook's errors, with the correct statement and measured figures. */
export function Errors(
  { leaderboard }: { readonly leaderboard: Leaderboard | null },
): JSX.Element {
  const t = words(lessonWords).errors;
  return (
    <section id="errors" aria-labelledby="errors-heading">
      <h2 id="errors-heading">{t.heading}</h2>
      <p>{t.intro}</p>
      <ol class="errors">
        {errorIds.map((id) => {
          const measured = leaderboard === null
            ? []
            : measuredOf(id, leaderboard);
          return (
            <li key={id}>
              <p class="says">{t.items[id].says}</p>
              <dl>
                <dt>{t.right}</dt>
                <dd>{t.items[id].right}</dd>
                {measured.length > 0 && (
                  <>
                    <dt>{t.measured}</dt>
                    {measured.map((text) => <dd key={text}>{text}</dd>)}
                  </>
                )}
              </dl>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** Sentences with the study's figures about an error; may be empty. */
function measuredOf(id: ErrorId, leaderboard: Leaderboard): string[] {
  const evidence = errorEvidence[id];
  const { remarks, verdicts, rows } = leaderboard;
  return [
    ...(evidence.remarks ?? []).flatMap((remark) =>
      remarks.filter((one) => one.id === remark).map((one) =>
        localized(one.words)
      )
    ),
    ...(evidence.claims ?? []).flatMap((claim) =>
      verdicts.filter((one) => one.claimId === claim)
        .map((one) => localized(one.headline))
    ),
    ...evidence.ranking ? bestPoints(rows) : [],
    ...evidence.spread ? spreads(rows) : [],
  ];
}

function bestPoints(rows: readonly LeaderboardRow[]): string[] {
  const t = words(lessonWords).errors;
  const best = (metric: "trainLoss" | "testLoss" | "testAccuracy") => {
    const [row] = ranked(rows, metric);
    const mean = row?.metrics[metric].mean ?? null;
    return row === undefined || mean === null ? null : t.figureAt(
      formatMetric(metric, mean, formats.value),
      pointLabel(row.params),
    );
  };
  const [loss, testLoss, accuracy] = [
    best("trainLoss"),
    best("testLoss"),
    best("testAccuracy"),
  ];
  return loss === null || testLoss === null || accuracy === null
    ? []
    : [t.bestOf(loss, testLoss, accuracy)];
}

function spreads(rows: readonly LeaderboardRow[]): string[] {
  const { fixed } = formats.value;
  const [loss, accuracy] = [
    spreadOf(rows, "trainLoss"),
    spreadOf(rows, "testAccuracy"),
  ];
  return loss === null || accuracy === null ? [] : [
    words(lessonWords).errors.spread(
      fixed(loss[0], 4),
      fixed(loss[1], 4),
      fixed(accuracy[0], 4),
      fixed(accuracy[1], 4),
    ),
  ];
}
