import type { JSX } from "preact";
import type {
  PointView,
  TrialCurve,
} from "../../coordinator/protocol/views.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { pointLabel } from "../leaderboard/points.ts";
import { StateTag } from "../trial/state_tag.tsx";
import { formats, words } from "../ui/language.ts";
import { trialLink } from "../ui/links.ts";
import { Nickname } from "../ui/nickname.tsx";

const figures = [
  "trainLoss",
  "trainAccuracy",
  "testAccuracy",
  "testLoss",
] as const;

/** The point's trials, one a replicate. */
export function Replicates(
  { point }: { readonly point: PointView },
): JSX.Element {
  const t = words(trialsWords);
  const { metrics } = words(leaderboardWords);
  return (
    <section aria-labelledby="replicates-heading">
      <h2 id="replicates-heading">{t.point.replicates}</h2>
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="replicates-heading"
        tabIndex={0}
      >
        <table class="list">
          <caption class="hidden">
            {t.point.replicatesCaption(pointLabel(point.row.params))}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.point.replicate}</th>
              <th scope="col" class="text">{t.list.state}</th>
              <th scope="col" class="text">{t.list.worker}</th>
              <th scope="col" class="text">{t.list.backend}</th>
              {figures.map((name) => (
                <th key={name} scope="col">{metrics[name].short}</th>
              ))}
              <th scope="col">{t.checks.heading}</th>
              <th scope="col">{t.list.time}</th>
            </tr>
          </thead>
          <tbody>
            {point.trials.map((trial) => (
              <Row
                key={trial.trialId}
                trial={trial}
                epochs={point.recipe.epochs}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row(
  { trial, epochs }: { readonly trial: TrialCurve; readonly epochs: number },
): JSX.Element {
  const t = words(trialsWords);
  const { fixed, integer, duration } = formats.value;
  // What a running trial has reported is not final, and stands in the curves.
  const final = trial.outcome === "trained" ? trial.epochs.at(-1) : undefined;
  const { checks } = trial;
  return (
    <tr>
      <th scope="row" class="text">
        <a href={trialLink(trial.trialId)}>
          {t.curves.replicate(String(trial.replicate))}
        </a>
      </th>
      <td class="text">
        <StateTag state={trial.state} outcome={trial.outcome} />
        {trial.state === "leased" && (
          <span class="detail">
            {t.list.ofEpochs(integer(trial.epochsDone), integer(epochs))}
          </span>
        )}
      </td>
      <td class="text">
        {trial.workerName === null
          ? t.none
          : <Nickname text={trial.workerName} />}
      </td>
      <td class="text">{trial.backend ?? t.none}</td>
      {figures.map((name) => (
        <td key={name}>
          {final === undefined ? t.none : fixed(final[name], 4)}
        </td>
      ))}
      <td>
        {checks === null ? t.none : t.list.ofEpochs(
          integer(Object.values(checks).filter(Boolean).length),
          integer(Object.values(checks).length),
        )}
      </td>
      <td>{trial.seconds === null ? t.none : duration(trial.seconds)}</td>
    </tr>
  );
}
