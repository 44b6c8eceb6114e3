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
