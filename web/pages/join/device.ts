import * as z from "zod";
import { type BackendChoice, BackendName } from "../../../protocol/training.ts";

/** What the person at the device chose on the join page. */
export interface Settings {
  readonly threads: number;
  readonly choice: BackendChoice;
  /** Empty: the coordinator makes a name up. */
  readonly name: string;
  /** Keep the screen on while training. */
  readonly keepAwake: boolean;
  /** Pause when the battery runs low. */
  readonly spareBattery: boolean;
}

/** What the page knows of the device when it starts. */
export interface DeviceLimits {
  /** `navigator.hardwareConcurrency`; absent in some browsers. */
  readonly cores: number | undefined;
  /** Whether threads can share the data set instead of each holding it. */
  readonly sharesMemory: boolean;
}

export const backendChoices: readonly BackendChoice[] = [
  "auto",
  ...BackendName.options,
];

/** Characters of a nickname, as the coordinator takes them. */
export const MAX_NAME = 40;

/**
 * Trainer threads to begin with: all cores but one, which the person keeps.
 * Where threads cannot share memory each holds the data set, so fewer do.
 */
export function usualThreads({ cores, sharesMemory }: DeviceLimits): number {
  const free = Math.max(1, mostThreads({ cores, sharesMemory }) - 1);
  return sharesMemory ? free : Math.min(free, 2);
}

/** Trainer threads that make sense at all: one a core. */
export function mostThreads({ cores }: DeviceLimits): number {
  return Math.min(64, Math.max(1, Math.floor(cores ?? 2)));
}

/** Settings as they were remembered, held to what this device can do. */
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

/** The nearest number of threads that the device allows. */
export function clampThreads(threads: number, limits: DeviceLimits): number {
  return Math.min(mostThreads(limits), Math.max(1, Math.round(threads)));
}

/** What a browser tells of the device's power and data plan, if anything. */

/** The part of the Battery Status API that is used; few browsers have it. */
interface Battery extends EventTarget {
  readonly charging: boolean;
  /** In [0, 1]. */
  readonly level: number;
}

/** A device below this and not charging is left alone. */
const LOW = 0.2;
/** Work goes on above this: not at the same mark, or it would flicker. */
const RECOVERED = 0.25;

export type BatteryState = "low" | "between" | "fine";

/** Judges a battery; without word of one all is fine. */
export function judgeBattery(
  battery: { readonly charging: boolean; readonly level: number } | null,
): BatteryState {
  if (battery === null || battery.charging) return "fine";
  if (battery.level <= LOW) return "low";
  return battery.level >= RECOVERED ? "fine" : "between";
}

/** Calls back now and whenever the battery's state changes, where known. */
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

/** Whether the person asked their browser to save data. */
export function savesData(): boolean {
  const source: Navigator & { connection?: { saveData?: boolean } } = navigator;
  return source.connection?.saveData === true;
}

/** Whether this page may keep the screen on. */
export function canKeepAwake(): boolean {
  return "wakeLock" in navigator;
}

/** Keeps the screen on while `wanted` says so and the page is in view. */
export function createWakeLock(wanted: () => boolean): {
  /** To be called when `wanted` may have changed. */
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
      // Refused, on low battery for one: a wish, not a need.
    } finally {
      asking = false;
    }
  };
  // Browsers release the lock when the page goes out of view.
  document.addEventListener("visibilitychange", () => void update());
  return { update: () => void update() };
}
