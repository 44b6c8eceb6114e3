import type { SwarmEvent, TrialPage } from "../../../protocol/views.ts";
import type { Api } from "../../api.ts";
import {
  createItemState,
  type ItemState,
} from "../../components/item_page.tsx";
import type { LeaderboardState } from "./state.ts";

/** Trials on a page of the list. */
export const TRIALS_A_PAGE = 20;

export interface TrialListState
  extends Pick<ItemState<TrialPage>, "item" | "problem" | "refresh"> {
  /** Updates the epoch of a trial in the list. */
  take(event: SwarmEvent): void;
}

/** The trials of the view's state and page; the last changed one is first. */
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
    // The page's next refresh tries again and shows a failure.
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
