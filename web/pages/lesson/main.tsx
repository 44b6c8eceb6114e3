import { signal } from "@preact/signals";
import { render } from "preact";
import * as z from "zod";
import { createApi } from "../../api.ts";
import {
  browserAfter,
  browserEvents,
  type Connection,
  follow,
} from "../../live.ts";
import { startLanguage, updateAddress } from "../../components/language.ts";
import { assetAddress } from "../../components/asset_address.ts";
import type { Listings } from "./code.tsx";
import { Listing } from "./listings_api.ts";
import { LessonPage } from "./page.tsx";
import { createStudySource, SampleStudy } from "./study_source.ts";
import {
  createLessonState,
  parseViewState,
  writeViewState,
} from "./view_state.ts";

/** Starts the lesson in a browser. */

/** Milliseconds without a change after which the address follows. */
const ADDRESS_MS = 250;

/** A document made at build time, named in the page's head. */
async function fetchDocument<T extends z.ZodType>(
  name: string,
  schema: T,
): Promise<z.infer<T>> {
  const response = await fetch(assetAddress(name));
  if (!response.ok) {
    throw new Error(`the coordinator answered with: ${response.status}`);
  }
  return schema.parse(await response.json());
}

const root = document.querySelector("#app");
if (root === null) throw new Error("the page has no #app to render into");

startLanguage();
const api = createApi(location.origin);
const here = () => parseViewState(new URLSearchParams(location.search));
const state = createLessonState(here());
// A slider changes the view many times a second, and browsers refuse that many
// addresses: the last one counts.
let cancelAddress = () => {};
state.view.subscribe((view) => {
  cancelAddress();
  cancelAddress = browserAfter(
    ADDRESS_MS,
    () => updateAddress((query) => writeViewState(view, query)),
  );
});
globalThis.addEventListener("popstate", () => state.change(here()));

const source = createStudySource(
  api,
  () => fetchDocument("sample", SampleStudy),
);
const connection = signal<Connection>("connecting");
follow({
  openEvents: browserEvents(api.eventsUrl),
  refresh: source.refresh,
  onConnection: (value) => connection.value = value,
  onEvent: () => {},
  document,
  random: Math.random,
  after: browserAfter,
});

const listings = signal<Listings>({ kind: "fetching" });
fetchDocument("listings", z.array(Listing)).then(
  (fetched) => listings.value = { kind: "fetched", listings: fetched },
  (error) => listings.value = { kind: "failed", message: String(error) },
);

root.replaceChildren();
render(
  <LessonPage
    state={state}
    source={source}
    listings={listings}
    connection={connection}
  />,
  root,
);
