import { createApi } from "../../api.ts";
import { coordinatorUrl, keepInAddress } from "../../components/links.ts";
import { startPage } from "../../components/start_page.tsx";
import { browserAfter } from "../../live.ts";
import { LeaderboardPage } from "./page.tsx";
import { createLeaderboardState } from "./state.ts";
import { createTrialList } from "./trial_list_state.ts";
import { parseViewState, writeViewState } from "./view_state.ts";

/** Starts the leaderboard page in a browser. */

const api = createApi(coordinatorUrl());
const state = createLeaderboardState(
  api,
  parseViewState(new URLSearchParams(location.search)),
  browserAfter,
);
const trials = createTrialList(api, state);
keepInAddress(
  state.view,
  writeViewState,
  (query) => state.change(parseViewState(query)),
);
startPage({
  eventsUrl: api.eventsUrl,
  view: () => <LeaderboardPage state={state} trials={trials} api={api} />,
  refresh: async () => {
    await state.refresh();
    await trials.refresh();
  },
  onConnection: state.setConnection,
  onEvent: (event) => {
    state.take(event);
    trials.take(event);
  },
});
