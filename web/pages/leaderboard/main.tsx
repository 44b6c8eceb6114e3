import { render } from "preact";
import { createApi } from "../../api.ts";
import { browserAfter, browserEvents, follow } from "../../live.ts";
import { startLanguage, updateAddress } from "../../components/language.ts";
import { LeaderboardPage } from "./page.tsx";
import { createLeaderboardState } from "./state.ts";
import { createTrialList } from "./trial_list_state.ts";
import { parseViewState, writeViewState } from "./view_state.ts";

/** Starts the leaderboard page in a browser. */

const root = document.querySelector("#app");
if (root === null) throw new Error("the page has no #app to render into");

startLanguage();
const api = createApi(location.origin);
const here = () => parseViewState(new URLSearchParams(location.search));
const state = createLeaderboardState(api, here(), browserAfter);
const trials = createTrialList(api, state);
state.view.subscribe((view) =>
  updateAddress((query) => writeViewState(view, query))
);
globalThis.addEventListener("popstate", () => state.change(here()));
follow({
  openEvents: browserEvents(api.eventsUrl),
  refresh: async () => {
    await state.refresh();
    await trials.refresh();
  },
  onConnection: state.setConnection,
  onEvent: (event) => {
    state.take(event);
    trials.take(event);
  },
  document,
  random: Math.random,
  after: browserAfter,
});
root.replaceChildren();
render(<LeaderboardPage state={state} trials={trials} api={api} />, root);
