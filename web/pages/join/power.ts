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
