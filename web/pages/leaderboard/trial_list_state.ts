import type { SwarmEvent, TrialPage } from "../../../protocol/views.ts";
import type { Api } from "../../api.ts";
import {
  createItemState,
  type ItemState,
} from "../../components/item_page.tsx";
import type { LeaderboardState } from "./state.ts";

/** Trials in the list at once. */
export const TRIALS_A_PAGE = 20;

export interface TrialListState
  extends Pick<ItemState<TrialPage>, "item" | "problem" | "refresh"> {
  /** Brings the epoch of a trial on the list up to date. */
  take(event: SwarmEvent): void;
}

/** The trials that the view asks for; the last to change come first. */
export function createTrialList(
  api: Pick<Api, "trials">,
  { view, leaderboard }: Pick<LeaderboardState, "view" | "leaderboard">,
): TrialListState {
  const list = createItemState<TrialPage>((etag) => {
    const study = leaderboard.value?.study.id;
    if (study === undefined) return Promise.resolve(null);
    const { trials: state, trialsPage } = view.value;
    return api.trials(study, {
      state,
      order: "latest",
      limit: TRIALS_A_PAGE,
      offset: (trialsPage - 1) * TRIALS_A_PAGE,
    }, etag);
  });
  const question = () => {
    const { study, trials, trialsPage } = view.value;
    return JSON.stringify([study, trials, trialsPage]);
  };
  let asked = question();
  view.subscribe(() => {
    if (question() === asked) return;
    asked = question();
    list.forget();
    // The next change asks again; the page then shows the failure.
    list.refresh().catch(() => {});
  });
  return {
    item: list.item,
    problem: list.problem,
    refresh: list.refresh,
    take(event) {
      if (event.type !== "epoch") return;
      const { trialId, metrics } = event;
      const behind = list.item.value?.trials.some((trial) =>
        trial.trialId === trialId && trial.state === "leased" &&
        trial.epochsDone < metrics.epoch
      );
      if (!behind) return;
      list.edit((page) => ({
        ...page,
        trials: page.trials.map((trial) =>
          trial.trialId === trialId
            ? { ...trial, epochsDone: metrics.epoch }
            : trial
        ),
      }));
    },
  };
}
