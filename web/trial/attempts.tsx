import type { JSX } from "preact";
import type {
  AttemptView,
  TrialView,
} from "../../coordinator/protocol/views.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { formats, words } from "../ui/language.ts";
import { Nickname } from "../ui/nickname.tsx";

/** Every try at the trial, and what became of it. */
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
      {trial.attempts.length === 0 ? <p>{t.none}</p> : (
        <div
          class="table-scroll"
          role="group"
          aria-labelledby="attempts-heading"
          tabIndex={0}
        >
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
        </div>
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
