import { signal } from "@preact/signals";
import { createApi } from "../../api.ts";
import { updateAddress } from "../../components/language.ts";
import { createItemState, startPage } from "../../components/item_page.tsx";
import { WORKERS_A_PAGE, WorkersPage } from "./page.tsx";
import { parseView, type WorkersView, writeView } from "./view.ts";

/** Starts the workers' page in a browser. */

const api = createApi(location.origin);
const here = () => parseView(new URLSearchParams(location.search));
const view = signal(here());
const state = createItemState((etag) => {
  const { page, ...query } = view.value;
  const limit = WORKERS_A_PAGE;
  return api.workers({ ...query, limit, offset: (page - 1) * limit }, etag);
});
const change = (next: Partial<WorkersView>) => {
  view.value = { ...view.value, ...next };
  state.forget();
  state.refresh().catch(() => state.setConnection("offline"));
};
view.subscribe((value) => updateAddress((query) => writeView(value, query)));
globalThis.addEventListener("popstate", () => change(here()));
startPage({
  eventsUrl: api.eventsUrl,
  view: () => <WorkersPage state={state} view={view} change={change} />,
  refresh: state.refresh,
  onConnection: state.setConnection,
  onEvent: () => {},
});
