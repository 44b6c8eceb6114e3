import { signal } from "@preact/signals";
import { createApi } from "../../api.ts";
import type { Connection } from "../../live.ts";
import { coordinatorUrl, joinCode } from "../../components/links.ts";
import { assetAddress, startPage } from "../../components/start_page.tsx";
import { readMemory, writeMemory } from "../../components/language.ts";
import { createJoinController, settingsKey } from "./controller.ts";
import { JoinPage } from "./page.tsx";
import { createWakeLock, readSettings, watchBattery } from "./device.ts";
import { createStudyInfo } from "./study_info.ts";

/** Starts the join page in a browser. Nothing trains before Start. */

/** Milliseconds in which all events together cause one fetch. */
const GATHER = 2_000;

const limits = {
  cores: navigator.hardwareConcurrency,
  sharesMemory: globalThis.crossOriginIsolated === true,
};
const now = () => performance.now();
const controller = createJoinController({
  load: async () => {
    const { createSwarmPage } = await import("../../../worker/main_browser.ts");
    return createSwarmPage({
      url: coordinatorUrl(),
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

const api = createApi(coordinatorUrl());
const info = createStudyInfo(api);
const connection = signal<Connection>("connecting");
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

startPage({
  eventsUrl: api.eventsUrl,
  view: () => (
    <JoinPage
      controller={controller}
      info={info}
      connection={connection}
      limits={limits}
      now={now}
    />
  ),
  refresh: info.refresh,
  onConnection: (state) => connection.value = state,
  gather: GATHER,
});
