import { StudyId } from "../../../protocol/ids.ts";
import { itemPages } from "../../../protocol/pages.ts";
import { parsePoint, pointKey } from "../../../protocol/grid_point.ts";
import { createApi, UnreachableError } from "../../api.ts";
import { createItemState } from "../../components/item_page.tsx";
import { startPage } from "../../components/start_page.tsx";
import {
  coordinatorUrl,
  pagePath,
  readAddress,
} from "../../components/links.ts";
import { withPointReport } from "./live_point.ts";
import { PointPage } from "./page.tsx";

/** Starts a grid point's page in a browser. */

const api = createApi(coordinatorUrl());
const address = readAddress(itemPages.point.address, pagePath());
const study = StudyId.safeParse(address?.["studyId"]);
const params = parsePoint(address?.["point"] ?? "");
const state = createItemState((etag) =>
  study.success && params !== null
    ? api.point(study.data, params, etag)
    : Promise.reject(
      new UnreachableError("the URL has no valid grid point", 404),
    )
);
startPage({
  eventsUrl: api.eventsUrl,
  view: () => <PointPage state={state} api={api} />,
  refresh: state.refresh,
  onConnection: state.setConnection,
  onEvent: (event) => {
    if (
      event.type !== "epoch" || params === null ||
      pointKey(event.params) !== pointKey(params)
    ) return;
    state.edit((point) => withPointReport(point, event));
  },
});
