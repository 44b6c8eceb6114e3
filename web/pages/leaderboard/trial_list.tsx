import type { JSX } from "preact";
import { TrialState, type TrialSummary } from "../../../protocol/views.ts";
import type { Recipe } from "../../../protocol/recipe.ts";
import { TableScroll } from "../../components/tables.tsx";
import { trialsWords } from "../../i18n/language.ts";
import { StateTag } from "../trial/page.tsx";
import {
  inPlace,
  Pager,
  Segmented,
  useHold,
} from "../../components/controls.tsx";
import { formats, words } from "../../components/language.ts";
import { pointLink, trialLink } from "../../components/links.ts";
import { Nickname } from "../../components/site.tsx";
import { pointLabel } from "./points.ts";
import type { LeaderboardState } from "./state.ts";
import { type TrialListState, TRIALS_A_PAGE } from "./trial_list_state.ts";

/** Running trials come first, because visitors look for them. */
const shownStates = [
  "leased",
  "completed",
  "quarantined",
  "queued",
] as const satisfies readonly TrialState[];

/** The study's trials, with their workers, times and ends. */
export function TrialList(
  { state, trials, recipe }: {
    readonly state: LeaderboardState;
    readonly trials: TrialListState;
    /** The study's recipe. A trial's grid point completes it. */
    readonly recipe: Recipe;
  },
): JSX.Element | null {
  const t = words(trialsWords);
  const view = state.view.value;
  const page = trials.item.value;
  const [shown, holding, holdProps] = useHold<readonly TrialSummary[]>(
    page?.trials ?? [],
    `${view.study} ${view.trials} ${view.trialsPage} ${page === null}`,
    inPlace(({ trialId }) => trialId),
  );
  const pages = Math.max(1, Math.ceil((page?.total ?? 0) / TRIALS_A_PAGE));
  const held = holding &&
    shown.some((trial, i) => trial.trialId !== page?.trials[i]?.trialId);
  const which = view.trials === null ? t.list.all : t.states[view.trials];
  return (
    <section class="trial-list" aria-labelledby="trials-heading">
      <div class="section-head">
        <h2 id="trials-heading">{t.list.heading}</h2>
        <p class={held ? "held" : "held is-away"} aria-hidden={!held}>
          {t.list.held}
        </p>
        <Segmented
          label={t.list.show}
          name="trials"
          options={[
            { value: "all", label: t.list.all },
            ...shownStates.map((name) => ({
              value: name,
              label: t.states[name],
            })),
          ]}
          value={view.trials ?? "all"}
          onChange={(value) => {
            const chosen = TrialState.safeParse(value);
            state.change({
              trials: chosen.success ? chosen.data : null,
              trialsPage: 1,
            });
          }}
        />
      </div>
      {page !== null && shown.length === 0
        ? <p class="empty">{t.list.empty}</p>
        : (
          <TableScroll label="#trials-heading">
            <table class="list">
              <caption class="hidden">{t.list.caption(which)}</caption>
              <thead>
                <tr>
                  <th scope="col" class="text">{t.list.point}</th>
                  <th scope="col" class="text">{t.list.replicate}</th>
                  <th scope="col" class="text">{t.list.state}</th>
                  <th scope="col" class="text">{t.list.worker}</th>
                  <th scope="col" class="text">{t.list.backend}</th>
                  <th scope="col">{t.list.epochs}</th>
                  <th scope="col">{t.list.time}</th>
                  <th scope="col">{t.list.when}</th>
                </tr>
              </thead>
              <tbody {...holdProps}>
                {shown.map((trial) => (
                  <Row
                    key={trial.trialId}
                    trial={trial}
                    epochs={trial.params.epochs ?? recipe.epochs}
                  />
                ))}
              </tbody>
            </table>
          </TableScroll>
        )}
      {pages > 1 && (
        <Pager
          label={t.list.pages}
          page={Math.min(view.trialsPage, pages)}
          pages={pages}
          onPage={(next) => state.change({ trialsPage: next })}
        />
      )}
    </section>
  );
}

function Row(
  { trial, epochs }: { readonly trial: TrialSummary; readonly epochs: number },
): JSX.Element {
  const t = words(trialsWords);
  const { integer, duration, ago, dateTime } = formats.value;
  const point = pointLabel(trial.params);
  const when = trial.endedAt ?? trial.startedAt;
  return (
    <tr>
      <th scope="row" class="text">
        <a
          href={pointLink(trial.studyId, trial.params)}
          title={t.pointTitle(point)}
        >
          {point}
        </a>
      </th>
      <td class="text">
        <a
          href={trialLink(trial.trialId)}
          title={t.trialTitle(point, String(trial.replicate))}
        >
          {t.curves.replicate(String(trial.replicate))}
        </a>
      </td>
      <td class="text">
        <StateTag state={trial.state} />
      </td>
      <td class="text">
        {trial.workerName === null
          ? t.none
          : <Nickname text={trial.workerName} />}
      </td>
      <td class="text">{trial.backend ?? t.none}</td>
      <td>
        {trial.backend === null
          ? t.none
          : t.list.ofEpochs(integer(trial.epochsDone), integer(epochs))}
      </td>
      <td>{trial.seconds === null ? t.none : duration(trial.seconds)}</td>
      <td>
        {when === null
          ? t.none
          : (
            <time dateTime={when} title={dateTime(new Date(when))}>
              {ago((Date.now() - Date.parse(when)) / 1000)}
            </time>
          )}
      </td>
    </tr>
  );
}
