import { signal } from "@preact/signals";
import * as z from "zod";
import { createApi } from "../../api.ts";
import type { Connection } from "../../live.ts";
import { coordinatorUrl, keepInAddress } from "../../components/links.ts";
import { assetAddress, startPage } from "../../components/start_page.tsx";
import { Listing, type Listings } from "./code.tsx";
import { LessonPage } from "./page.tsx";
import { createStudySource, SampleStudy } from "./study_source.ts";
import {
  createLessonState,
  parseViewState,
  writeViewState,
} from "./view_state.ts";

/** Starts the lesson in a browser. */

/** Milliseconds without a change after which the URL is updated. */
const ADDRESS_MS = 250;

/** Fetches a document that the page's head names. */
async function fetchDocument<T extends z.ZodType>(
  name: string,
  schema: T,
): Promise<z.infer<T>> {
  const response = await fetch(assetAddress(name));
  if (!response.ok) {
    throw new Error(
      `the coordinator answered with an error: ${response.status}`,
    );
  }
  return schema.parse(await response.json());
}

const api = createApi(coordinatorUrl());
const state = createLessonState(
  parseViewState(new URLSearchParams(location.search)),
);
keepInAddress(
  state.view,
  writeViewState,
  (query) => state.change(parseViewState(query)),
  ADDRESS_MS,
);

const source = createStudySource(
  api,
  () => fetchDocument("sample", SampleStudy),
);
const connection = signal<Connection>("connecting");
const listings = signal<Listings>({ kind: "fetching" });
fetchDocument("listings", z.array(Listing)).then(
  (fetched) => listings.value = { kind: "fetched", listings: fetched },
  (error) => listings.value = { kind: "failed", message: String(error) },
);

startPage({
  eventsUrl: api.eventsUrl,
  view: () => (
    <LessonPage
      state={state}
      source={source}
      listings={listings}
      connection={connection}
    />
  ),
  refresh: source.refresh,
  onConnection: (value) => connection.value = value,
});
