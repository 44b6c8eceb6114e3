import type { DeviceWatch } from "../training/device.ts";

/**
 * A watch and the function that tells it of a loss; only the first counts.
 *
 * @param finished see {@link DeviceWatch.finished}
 * @param isLost asks the device itself, where it answers at once
 */
export function createDeviceWatch(
  finished: () => Promise<void>,
  isLost: () => boolean = () => false,
): { readonly watch: DeviceWatch; readonly tell: (why: string) => void } {
  const listeners = new Set<(why: string) => void>();
  let reason: string | null = null;
  const tell = (why: string) => {
    if (reason !== null) return;
    reason = why;
    for (const listener of listeners) listener(why);
    listeners.clear();
  };
  return {
    watch: {
      lost() {
        if (reason === null && isLost()) tell("it says so itself");
        return reason;
      },
      onLost(listener) {
        if (reason !== null) listener(reason);
        else listeners.add(listener);
        return () => listeners.delete(listener);
      },
      finished,
    },
    tell,
  };
}
