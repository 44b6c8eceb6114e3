import { TrialId } from "../../../protocol/ids.ts";
import { itemPages } from "../../../protocol/pages.ts";
import { createApi, UnreachableError } from "../../api.ts";
import { createItemState } from "../../components/item_page.tsx";
import { startPage } from "../../components/start_page.tsx";
import {
  coordinatorUrl,
  pagePath,
  readAddress,
} from "../../components/links.ts";
import { withReport } from "./live_epoch.ts";
import { TrialPage } from "./page.tsx";

/** Starts a trial's page in a browser. */

const api = createApi(coordinatorUrl());
const address = readAddress(itemPages.trial.address, pagePath());
const id = TrialId.safeParse(address?.["trialId"]);
const state = createItemState((etag) =>
  id.success
    ? api.trial(id.data, etag)
    : Promise.reject(new UnreachableError("the URL has no valid trial", 404))
);
startPage({
  eventsUrl: api.eventsUrl,
  view: () => <TrialPage state={state} />,
  refresh: state.refresh,
  onConnection: state.setConnection,
  onEvent: (event) => {
    if (event.type !== "epoch" || event.trialId !== id.data) return;
    state.edit((trial) => withReport(trial, event.metrics));
  },
});
