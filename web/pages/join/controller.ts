import { type ReadonlySignal, signal } from "@preact/signals";
import * as z from "zod";
import { messageOf } from "../../../protocol/error_text.ts";
import type {
  JoinCallbacks,
  Membership,
  SwarmPage,
} from "../../../worker/main_browser.ts";
import type { BatteryState, Settings } from "./device.ts";
import {
  emptyModel,
  noContribution,
  type ProgressModel,
  takeDownload,
  takeEvent,
} from "./progress_model.ts";

/** Changed by the user, the battery or the end of the session. */
export type Phase =
  /** Nothing runs; Start joins. */
  | "ready"
  | "active"
  /** Leases were handed back; Resume joins again. */
  | "paused"
  /** The session ended with an error, or its scripts could not be loaded. */
  | "failed";

export type PauseReason = "person" | "battery";

/** The join page's state and actions. */
export interface JoinController {
  readonly phase: ReadonlySignal<Phase>;
  readonly pausedBy: ReadonlySignal<PauseReason | null>;
  readonly settings: ReadonlySignal<Settings>;
  readonly model: ReadonlySignal<ProgressModel>;
  /** The coordinator has another protocol version: only a reload helps. */
  readonly outdated: ReadonlySignal<boolean>;
  /** Why the scripts for training could not be loaded; null without error. */
  readonly loadError: ReadonlySignal<string | null>;
  change(settings: Partial<Settings>): void;
  start(): void;
  pause(reason: PauseReason): void;
  stop(): void;
  battery(state: BatteryState): void;
  /** The browser hides or closes the page: leases are handed back. */
  hide(): void;
  /** The browser shows the page again, from its cache. */
  show(): void;
}

export interface JoinControllerDeps {
  /** Loads the scripts for training; called at the first start. */
  readonly load: () => Promise<SwarmPage>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly memory: {
    read(key: string): string | null;
    write(key: string, value: string): void;
  };
  readonly settings: Settings;
  /** The join code in the page's URL; null without one. */
  readonly joinCode: () => string | null;
}

export const settingsKey = "dropout-swarm.join";
const CONTRIBUTION_KEY = "dropout-swarm.contribution";

const Remembered = z.object({
  trials: z.int().min(0),
  epochs: z.int().min(0),
  seconds: z.number().min(0),
}).catch(noContribution);

/** A controller that loads and runs nothing before `start`. */
export function createJoinController(
  { load, now, memory, settings: start, joinCode }: JoinControllerDeps,
): JoinController {
  const phase = signal<Phase>("ready");
  const pausedBy = signal<PauseReason | null>(null);
  const settings = signal(start);
  const outdated = signal(false);
  const loadError = signal<string | null>(null);
  const model = signal(emptyModel(readContribution(memory)));
  let page: Promise<SwarmPage> | undefined;
  let membership: Membership | undefined;
  /** Number of the current session; callbacks of earlier ones are ignored. */
  let joining = 0;
  let hiddenWhileActive = false;
  let power: BatteryState = "fine";
  /** The user trains on a low battery. This holds until it is fine again. */
  let inSpite = false;

  const callbacks = (mine: number): JoinCallbacks => ({
    onEvent: (event) => {
      if (mine !== joining) return;
      model.value = takeEvent(model.value, event, now());
      if (event.type === "epoch" || event.type === "completed") {
        memory.write(
          CONTRIBUTION_KEY,
          JSON.stringify(model.value.contribution),
        );
      }
    },
    onDownload: (download) => {
      if (mine === joining) model.value = takeDownload(model.value, download);
    },
    onOutdated: () => {
      outdated.value = true;
    },
  });

  const join = async () => {
    const mine = ++joining;
    phase.value = "active";
    pausedBy.value = null;
    loadError.value = null;
    model.value = emptyModel(model.value.contribution);
    let swarm: SwarmPage;
    try {
      swarm = await (page ??= load());
    } catch (error) {
      page = undefined;
      if (mine !== joining) return;
      loadError.value = messageOf(error);
      phase.value = "failed";
      return;
    }
    // The user paused or stopped while the scripts were loading.
    if (mine !== joining) return;
    const { threads, choice, name } = settings.value;
    membership = swarm.join(
      {
        threads,
        choice,
        name: name.trim() === "" ? null : name.trim(),
        joinCode: joinCode(),
      },
      callbacks(mine),
    );
    const end = await membership.ended;
    if (mine !== joining) return;
    membership = undefined;
    phase.value = end.reason === "failed" ? "failed" : "ready";
  };

  const part = (next: Phase) => {
    joining += 1;
    membership?.leave();
    membership = undefined;
    phase.value = next;
    model.value = emptyModel(model.value.contribution);
  };

  const sparesBattery = () =>
    power === "low" && settings.value.spareBattery && !inSpite;
  const spareBattery = () => {
    part("paused");
    pausedBy.value = "battery";
  };
  const begin = () => {
    if (sparesBattery()) spareBattery();
    else void join();
  };
  /** Called when the battery's state or its setting has changed. */
  const heedBattery = () => {
    if (phase.value === "active" && sparesBattery()) spareBattery();
    if (pausedBy.value !== "battery") return;
    if (power === "fine" || !settings.value.spareBattery) void join();
  };

  return {
    phase,
    pausedBy,
    settings,
    model,
    outdated,
    loadError,
    change: (change) => {
      settings.value = { ...settings.value, ...change };
      memory.write(settingsKey, JSON.stringify(settings.value));
      if (change.spareBattery === undefined) return;
      inSpite = false;
      heedBattery();
    },
    start: () => {
      if (phase.value === "active") return;
      if (pausedBy.value === "battery") inSpite = true;
      begin();
    },
    pause: (reason) => {
      if (phase.value !== "active") return;
      part("paused");
      pausedBy.value = reason;
    },
    stop: () => {
      part("ready");
      pausedBy.value = null;
      model.value = { ...model.value, end: { reason: "left" } };
    },
    battery: (state) => {
      power = state;
      if (state === "fine") inSpite = false;
      heedBattery();
    },
    hide: () => {
      hiddenWhileActive = phase.value === "active";
      if (!hiddenWhileActive) return;
      joining += 1;
      membership?.leaveInPassing();
      membership = undefined;
    },
    show: () => {
      if (hiddenWhileActive) begin();
      hiddenWhileActive = false;
    },
  };
}

function readContribution(memory: JoinControllerDeps["memory"]) {
  try {
    return Remembered.parse(
      JSON.parse(memory.read(CONTRIBUTION_KEY) ?? "null"),
    );
  } catch {
    return noContribution;
  }
}
