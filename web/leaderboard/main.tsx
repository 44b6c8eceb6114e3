import { render } from "preact";
import { createApi } from "../api.ts";
import { browserAfter, browserEvents, follow } from "../live.ts";
import { startLanguage } from "../ui/language.ts";
import { updateAddress } from "../ui/address.ts";
import { LeaderboardPage } from "./page.tsx";
import { createLeaderboardState } from "./state.ts";
import { parseViewState, writeViewState } from "./view_state.ts";

/** Starts the leaderboard page in a browser. */

const root = document.querySelector("#app");
if (root === null) throw new Error("the page has no #app to render into");

startLanguage();
const api = createApi(location.origin);
const here = () => parseViewState(new URLSearchParams(location.search));
const state = createLeaderboardState(api, here(), browserAfter);
state.view.subscribe((view) =>
  updateAddress((query) => writeViewState(view, query))
);
globalThis.addEventListener("popstate", () => state.change(here()));
follow({
  openEvents: browserEvents(api.eventsUrl),
  refresh: state.refresh,
  onConnection: state.setConnection,
  onEvent: state.take,
  document,
  random: Math.random,
  after: browserAfter,
});
root.replaceChildren();
render(<LeaderboardPage state={state} api={api} />, root);
