import "./browser/older_browsers.ts";
import type { DatasetManifest } from "../protocol/study.ts";
import { createThreadClock, type ThreadClock } from "./browser/clock.ts";
import { browserDatasetStore } from "./browser/dataset_store.ts";
import { describeDevice } from "./browser/device.ts";
import { createClient, type HttpClient } from "./client.ts";
import { canShareMemory, type Dataset } from "./data/dataset.ts";
import { fetchDataset, type FetchProgress } from "./data/fetch_dataset.ts";
import { runSession } from "./session/session.ts";
import type {
  AbandonReason,
  SessionEnd,
  SessionEvent,
  SessionFailure,
  StartTrainer,
  TrainerFailure,
  WaitingReason,
} from "./session/session_types.ts";
import type {
  BackendFiles,
  BackendMeasurement,
  UnusedReason,
} from "./trainer/trainer_api.ts";
import type { BackendChoice } from "../protocol/training.ts";
import { type MemoryLimits, usualMemory } from "./trainer/memory.ts";
import { createTrainerPool } from "./trainer/trainer_pool.ts";

export type { FetchProgress, SessionEnd, SessionEvent };
export type { AbandonReason, SessionFailure, TrainerFailure, WaitingReason };
export type { BackendFiles, BackendMeasurement, UnusedReason };

/** A page as a worker: session, client and trainers put together for a tab. */

/** Where a page finds what its threads load: absolute addresses. */
export interface ThreadAddresses {
  /** Of the script of `trainer_thread.ts`. */
  readonly trainer: string;
  /** Of the script of `browser/clock_thread.ts`. */
  readonly clock: string;
  readonly files: BackendFiles;
}

export interface SwarmPageOptions {
  /** The coordinator's address. */
  readonly url: string;
  readonly addresses: ThreadAddresses;
}

/** What the person at the device chose. */
export interface JoinSettings {
  readonly threads: number;
  readonly choice: BackendChoice;
  /** Null: the coordinator makes a name up. */
  readonly name: string | null;
  /** As the invitation says it; null: none. */
  readonly joinCode: string | null;
}

export interface JoinCallbacks {
  readonly onEvent: (event: SessionEvent) => void;
  readonly onDownload: (progress: FetchProgress) => void;
  /** The coordinator speaks another version of the protocol: reload. */
  readonly onOutdated: () => void;
}

/** A tab that takes part. */
export interface Membership {
  /** Resolves when the tab takes part no more. Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Stops training and hands the leases back. */
  leave(): void;
  /** The same for a page that is going: nobody waits for an answer. */
  leaveInPassing(): void;
}

/** A page's part in the swarm: may join, leave and join again. */
export interface SwarmPage {
  join(settings: JoinSettings, callbacks: JoinCallbacks): Membership;
}

/**
 * Prepares a page. Data and measurements are kept from one joining to the
 * next.
 */
export function createSwarmPage(
  { url, addresses }: SwarmPageOptions,
): SwarmPage {
  const loader = createLoader();
  const pools = new Map<BackendChoice, StartTrainer>();
  let memory: MemoryLimits = { bytes: 0, threads: 1, shared: false };
  const spawn = (address: string) => () =>
    new Worker(address, { type: "module" });
  let clock: ThreadClock | undefined;

  return {
    join(
      { threads, choice, name, joinCode },
      { onEvent, onDownload, onOutdated },
    ) {
      const leaving = new AbortController();
      let token: string | undefined;
      const client = watched(
        createClient({ url, fetch: fetchNoting(onOutdated) }),
        (given) => token = given,
      );
      loader.listen({ client, onDownload });
      memory = {
        bytes: usualMemory(deviceBytes(), threads),
        threads,
        shared: canShareMemory(),
      };
      const startTrainer = pools.get(choice) ?? createTrainerPool({
        spawn: spawn(addresses.trainer),
        choice,
        files: () => Promise.resolve(addresses.files),
        loadDataset: loader.load,
        memory: () => memory,
      });
      pools.set(choice, startTrainer);
      clock ??= createThreadClock(spawn(addresses.clock));
      const leave = () => leaving.abort(new DOMException("left", "AbortError"));
      return {
        ended: runSession({
          client,
          startTrainer,
          clock,
          random: Math.random,
          newId,
          onEvent,
          worker: {
            kind: "browser",
            threads,
            device: describeDevice(navigator).slice(0, 200),
            ...name === null ? {} : { name },
            ...joinCode === null ? {} : { joinCode },
          },
          signal: leaving.signal,
        }),
        leave,
        leaveInPassing() {
          if (token !== undefined) sayFarewell(url, token);
          leave();
        },
      };
    },
  };
}

/** Bytes of this device's memory; a guess in browsers that do not tell. */
function deviceBytes(): number {
  const { deviceMemory }: { deviceMemory?: number; userAgent: string } =
    navigator;
  return (deviceMemory ?? 4) * 2 ** 30;
}

/** Loads a data set once for the page, whoever of its joinings asks. */
function createLoader() {
  const store = browserDatasetStore();
  let kept: { readonly key: string; readonly dataset: Dataset } | undefined;
  let listener: {
    readonly client: HttpClient;
    readonly onDownload: (progress: FetchProgress) => void;
  } | undefined;
  return {
    /** Downloads go through this client from now on. */
    listen: (next: NonNullable<typeof listener>) => {
      listener = next;
    },
    load: async (
      manifest: DatasetManifest,
      signal: AbortSignal,
    ): Promise<Dataset> => {
      if (listener === undefined) throw new Error("nobody has joined yet");
      const { client, onDownload } = listener;
      const key = Object.values(manifest.files).map((f) => f.sha256).join();
      if (kept?.key === key) return kept.dataset;
      const dataset = await fetchDataset(manifest, {
        download: client.data,
        store,
        onProgress: onDownload,
        signal,
      });
      kept = { key, dataset };
      return dataset;
    },
  };
}

/** Tells when the coordinator refuses this page's version of the protocol. */
function fetchNoting(onOutdated: () => void): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.status === 426) onOutdated();
    return response;
  };
}

/** The client, telling the token of each registration. */
function watched(
  client: HttpClient,
  onToken: (token: string) => void,
): HttpClient {
  return {
    ...client,
    async register(request, signal) {
      const registered = await client.register(request, signal);
      onToken(registered.token);
      return registered;
    },
  };
}

/** A request that outlives its page hands every lease back. */
function sayFarewell(url: string, token: string): void {
  const client = createClient({
    url,
    fetch: (input, init) => fetch(input, { ...init, keepalive: true }),
  });
  // Nobody is left to hear of a failure: leases expire by themselves.
  client.leave(token, new AbortController().signal).catch(() => {});
}

/** A random UUID, also where a page has no `crypto.randomUUID`. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // RFC 9562: version 4, variant 10.
  bytes[6] = (bytes[6] ?? 0) & 0x0f | 0x40;
  bytes[8] = (bytes[8] ?? 0) & 0x3f | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
