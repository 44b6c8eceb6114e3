import * as z from "zod";
import { type BackendChoice, BackendName } from "../../../protocol/training.ts";

/** What the user chose on the join page. */
export interface Settings {
  readonly threads: number;
  readonly choice: BackendChoice;
  /** If empty, the coordinator chooses a name. */
  readonly name: string;
  /** Keep the screen on while training. */
  readonly keepAwake: boolean;
  /** Pause when the battery runs low. */
  readonly spareBattery: boolean;
}

/** What the page knows about the device. */
export interface DeviceLimits {
  /** `navigator.hardwareConcurrency`; absent in some browsers. */
  readonly cores: number | undefined;
  /** Whether threads can share one copy of the data set. */
  readonly sharesMemory: boolean;
}

export const backendChoices: readonly BackendChoice[] = [
  "auto",
  ...BackendName.options,
];

/** Maximum length of a nickname that the coordinator accepts. */
export const MAX_NAME = 40;

/**
 * Default number of trainer threads: one core remains for the user. If threads
 * cannot share memory, each needs its own copy of the data set, so two at most.
 */
export function usualThreads({ cores, sharesMemory }: DeviceLimits): number {
  const free = Math.max(1, mostThreads({ cores, sharesMemory }) - 1);
  return sharesMemory ? free : Math.min(free, 2);
}

/** Maximum number of trainer threads: one for each core. */
export function mostThreads({ cores }: DeviceLimits): number {
  return Math.min(64, Math.max(1, Math.floor(cores ?? 2)));
}

/** Stored settings, limited to what this device can do. */
export function readSettings(
  remembered: string | null,
  limits: DeviceLimits,
): Settings {
  const usual: Settings = {
    threads: usualThreads(limits),
    choice: "auto",
    name: "",
    keepAwake: false,
    spareBattery: true,
  };
  const Remembered = z.object({
    threads: z.int().transform((threads) => clampThreads(threads, limits))
      .catch(usual.threads),
    choice: z.enum(backendChoices).catch(usual.choice),
    name: z.string().max(MAX_NAME).catch(usual.name),
    keepAwake: z.boolean().catch(usual.keepAwake),
    spareBattery: z.boolean().catch(usual.spareBattery),
  }).catch(usual);
  return Remembered.parse(parseJson(remembered ?? "null"));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The nearest allowed number of threads. */
export function clampThreads(threads: number, limits: DeviceLimits): number {
  return Math.min(mostThreads(limits), Math.max(1, Math.round(threads)));
}

/** A part of the Battery Status API, which few browsers have. */
interface Battery extends EventTarget {
  readonly charging: boolean;
  /** In [0, 1]. */
  readonly level: number;
}

/** At this level or below, a device that is not charging pauses. */
const LOW = 0.2;
/** Training resumes here. At a single level it would pause and resume often. */
const RECOVERED = 0.25;

export type BatteryState = "low" | "between" | "fine";

/** Judges a battery's level. An unknown battery counts as fine. */
export function judgeBattery(
  battery: { readonly charging: boolean; readonly level: number } | null,
): BatteryState {
  if (battery === null || battery.charging) return "fine";
  if (battery.level <= LOW) return "low";
  return battery.level >= RECOVERED ? "fine" : "between";
}

/** Calls back now and at each change, if the browser knows the battery. */
export async function watchBattery(
  onState: (state: BatteryState) => void,
): Promise<void> {
  const battery = await findBattery();
  if (battery === null) return;
  const tell = () => onState(judgeBattery(battery));
  battery.addEventListener("chargingchange", tell);
  battery.addEventListener("levelchange", tell);
  tell();
}

async function findBattery(): Promise<Battery | null> {
  const source: Navigator & { getBattery?: () => Promise<Battery> } = navigator;
  try {
    return await source.getBattery?.() ?? null;
  } catch {
    return null;
  }
}

/** Whether the user told the browser to save data. */
export function savesData(): boolean {
  const source: Navigator & { connection?: { saveData?: boolean } } = navigator;
  return source.connection?.saveData === true;
}

/** Whether this browser lets a page keep the screen on. */
export function canKeepAwake(): boolean {
  return "wakeLock" in navigator;
}

/** Keeps the screen on while `wanted()` is true and the page is visible. */
export function createWakeLock(wanted: () => boolean): {
  /** To be called when the result of `wanted` may have changed. */
  update(): void;
} {
  let lock: WakeLockSentinel | null = null;
  let asking = false;
  const update = async () => {
    if (asking || !canKeepAwake()) return;
    asking = true;
    try {
      const wish = wanted() && document.visibilityState === "visible";
      if (wish && (lock === null || lock.released)) {
        lock = await navigator.wakeLock.request("screen");
      } else if (!wish && lock !== null) {
        await lock.release();
        lock = null;
      }
    } catch {
      // A browser may refuse, for example on low battery. Training continues.
    } finally {
      asking = false;
    }
  };
  // Browsers release the lock when the page is hidden.
  document.addEventListener("visibilitychange", () => void update());
  return { update: () => void update() };
}
