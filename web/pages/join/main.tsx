import { signal } from "@preact/signals";
import { render } from "preact";
import { createApi } from "../../api.ts";
import {
  browserAfter,
  browserEvents,
  type Connection,
  follow,
} from "../../live.ts";
import { joinCode } from "../../components/links.ts";
import { assetAddress } from "../../components/asset_address.ts";
import {
  readMemory,
  startLanguage,
  writeMemory,
} from "../../components/language.ts";
import { createJoinController, settingsKey } from "./controller.ts";
import { JoinPage } from "./page.tsx";
import { createWakeLock, watchBattery } from "./power.ts";
import { readSettings } from "./settings.ts";
import { createStudyInfo } from "./study_info.ts";

/** Starts the join page in a browser. Nothing trains before Start. */

/** Milliseconds within which the study's news cost one fetch. */
const GATHER = 2_000;

const root = document.querySelector("#app");
if (root === null) throw new Error("the page has no #app to render into");

startLanguage();
const limits = {
  cores: navigator.hardwareConcurrency,
  sharesMemory: globalThis.crossOriginIsolated === true,
};
const now = () => performance.now();
const controller = createJoinController({
  load: async () => {
    const { createSwarmPage } = await import("../../../worker/main_browser.ts");
    return createSwarmPage({
      url: location.origin,
      addresses: {
        trainer: assetAddress("trainer"),
        clock: assetAddress("clock"),
        files: {
          simdFolder: assetAddress("simd"),
          wasmFolder: assetAddress("wasm"),
        },
      },
    });
  },
  now,
  memory: { read: readMemory, write: writeMemory },
  settings: readSettings(readMemory(settingsKey), limits),
  joinCode,
});

const api = createApi(location.origin);
const info = createStudyInfo(api);
const connection = signal<Connection>("connecting");
follow({
  openEvents: browserEvents(api.eventsUrl),
  refresh: info.refresh,
  onConnection: (state) => connection.value = state,
  onEvent: () => {},
  document,
  random: Math.random,
  after: browserAfter,
  gather: GATHER,
});

const wakeLock = createWakeLock(() =>
  controller.phase.value === "active" && controller.settings.value.keepAwake
);
controller.phase.subscribe(wakeLock.update);
controller.settings.subscribe(wakeLock.update);
void watchBattery(controller.battery);
globalThis.addEventListener("pagehide", controller.hide);
globalThis.addEventListener("pageshow", (event) => {
  if (event.persisted) controller.show();
});

root.replaceChildren();
render(
  <JoinPage
    controller={controller}
    info={info}
    connection={connection}
    limits={limits}
    now={now}
  />,
  root,
);
