import { signal } from "@preact/signals";
import { createApi } from "../../api.ts";
import { createItemState } from "../../components/item_page.tsx";
import { coordinatorUrl, keepInAddress } from "../../components/links.ts";
import { startPage } from "../../components/start_page.tsx";
import {
  parseView,
  WORKERS_A_PAGE,
  WorkersPage,
  type WorkersView,
  writeView,
} from "./page.tsx";

/** Starts the workers' page in a browser. */

const api = createApi(coordinatorUrl());
const view = signal(parseView(new URLSearchParams(location.search)));
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
keepInAddress(view, writeView, (query) => change(parseView(query)));
startPage({
  eventsUrl: api.eventsUrl,
  view: () => <WorkersPage state={state} view={view} change={change} />,
  refresh: state.refresh,
  onConnection: state.setConnection,
});
