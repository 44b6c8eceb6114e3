import { createAnalyst } from "../../coordinator/threads/analyst.ts";
import { createLiveDeviations } from "../../coordinator/service/leaderboards.ts";
import { createAnalystSync } from "../../coordinator/threads/analyst_sync.ts";
import { createGuard } from "../../coordinator/http/limits/guard.ts";
import { createApp } from "../../coordinator/http/app.ts";
import { createReadiness } from "../../coordinator/http/readiness.ts";
import type { StudyToRun } from "../../coordinator/service/service_types.ts";
import {
  type Coordinator,
  createCoordinator,
} from "../../coordinator/service/coordinator.ts";
import { createEventHub } from "../../coordinator/service/event_hub.ts";
import { defaultTerms } from "../../coordinator/lease/policy.ts";
import { steadyClock } from "../../coordinator/storage/open_storage.ts";
import type { Storage } from "../../coordinator/storage/storage.ts";
import type { TrialId } from "../../protocol/ids.ts";
import type { Chance } from "./chance.ts";
import { crashingStorage, type Fate } from "./crashing_storage.ts";
import { type Faults, noStorageFaults } from "./faults.ts";
import type { Letter } from "./network.ts";
import { Process, type VirtualTime } from "./virtual_time.ts";

/** Where the coordinator's state lies, and what a crash leaves of it. */
export interface Disk {
  open(now: () => number): Storage;
  /**
   * Keeps what is stored now and forgets what the process had not written:
   * the next `open` finds what a killed process leaves.
   */
  crash(): void;
  close(): Promise<void>;
}

/** The machine that the coordinator runs on, starting it again when it dies. */
export interface Host {
  deliver(letter: Letter): Promise<Response | null>;
  /** What is stored, read past the coordinator; null: it is down. */
  stored(): Storage | null;
  coordinator(): Coordinator | null;
  /** Trials that changed since the last call. */
  touched(): ReadonlySet<TrialId>;
  /** Operations and requests that are under way. */
  busy(): boolean;
  /** Faults of the program itself: answers of 500, exceptions. */
  readonly defects: string[];
  /** When something last went wrong in it, by the world's time. */
  readonly troubledAt: number;
  readonly counts: { crashes: number; operations: number; refused: number };
}

export interface HostOptions {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly faults: Faults;
  readonly disk: Disk;
  readonly study: StudyToRun;
  /** Renewals and reports that it paces its workers to, in a second. */
  readonly callsPerSecond: number;
  /** Decides the fate of the n-th operation, from 1; absent: chance does. */
  readonly fate?: (operation: number, name: string) => Fate;
  /** Puts something between coordinator and storage: a defect, to find it. */
  readonly spoil?: (storage: Storage) => Storage;
}

/** A coordinator's life from its start to its death. */
interface Life {
  readonly process: Process;
  readonly storage: Storage;
  coordinator: Coordinator | null;
  fetch: ((request: Request) => Response | Promise<Response>) | null;
  pending: number;
  /** Called when it dies: its connections end. */
  readonly hangUp: Set<() => void>;
}

/** Where the world's time begins: 2026. */
const EPOCH = Date.UTC(2026, 0, 1);
const noFiles = { paths: [], find: () => Promise.resolve(null) };

export function createHost(options: HostOptions): Host {
  const { time, chance, faults, disk, study } = options;
  const counts = { crashes: 0, operations: 0, refused: 0 };
  const defects: string[] = [];
  const touched = new Set<TrialId>();
  let life: Life | null = null;
  let wallError = 0;
  let troubledAt = 0;

  const wall = () => EPOCH + Math.round(time.now + wallError);

  function leapLater(): void {
    if (faults.clockLeaps === Infinity) return;
    const wait = -Math.log(1 - chance.unit()) * faults.clockLeaps;
    time.after(wait, () => {
      if (time.now >= faults.end) return;
      troubledAt = time.now;
      wallError += chance.between(-600_000, 600_000);
      leapLater();
    });
  }

  function fateOf(name: string): Fate {
    counts.operations++;
    if (options.fate !== undefined) {
      return options.fate(counts.operations, name);
    }
    const { storage } = time.now < faults.end
      ? faults
      : { storage: noStorageFaults };
    if (chance.happens(storage.crashBefore)) return "crash-before";
    if (chance.happens(storage.crashAfter)) return "crash-after";
    if (chance.happens(storage.refused)) {
      troubledAt = time.now;
      counts.refused++;
      return "refused";
    }
    if (chance.happens(storage.unsure)) {
      troubledAt = time.now;
      counts.refused++;
      return "unsure";
    }
    return "done";
  }

  function crash(dying: Life): void {
    if (!dying.process.alive) return;
    counts.crashes++;
    dying.process.kill();
    disk.crash();
    life = null;
    for (const hangUp of dying.hangUp) hangUp();
    const quick = chance.happens(0.5);
    time.after(
      quick ? chance.between(10, 2_000) : chance.between(2_000, 90_000),
      start,
    );
  }

  function start(): void {
    const process = new Process(time);
    const now = steadyClock(wall, () => time.now);
    const storage = disk.open(now);
    const spoilt = options.spoil?.(storage) ?? storage;
    const mine: Life = {
      process,
      storage: spoilt,
      coordinator: null,
      fetch: null,
      pending: 0,
      hangUp: new Set(),
    };
    life = mine;
    const hub = createEventHub({ schedule: process.after, maxStreams: 10 });
    const coordinator = createCoordinator({
      storage: crashingStorage(spoilt, {
        fate: fateOf,
        get dead() {
          return !process.alive;
        },
        crash: () => crash(mine),
        touched: (trialId) => touched.add(trialId),
        begun: () => mine.pending++,
        ended: () => mine.pending--,
      }),
      hub,
      now: storage.now,
      schedule: process.after,
      terms: { ...defaultTerms, callsPerSecond: options.callsPerSecond },
      random: { uuid: () => chance.uuid(), bytes: (n) => chance.bytes(n) },
      log: (level, message, fields) => {
        if (level === "error" && message === "request failed") {
          defects.push(`${message}: ${JSON.stringify(fields)}`);
        }
      },
    });
    const app = createApp({
      coordinator,
      hub,
      leaderboard: () => Promise.resolve(null),
      leaderboardCsv: () => "",
      report: () => Promise.resolve(null),
      deviations: createLiveDeviations(
        coordinator,
        createAnalystSync(coordinator, createAnalyst()),
        () => time.now,
      ),
      data: () => Promise.resolve(null),
      assets: noFiles,
      now: () => time.now,
      readiness: createReadiness({
        ping: coordinator.ping,
        schedule: process.after,
      }),
      // All of its workers call from one place that nobody tells.
      guard: createGuard({
        limits: {
          addressRate: { perSecond: 1e6, burst: 1e6 },
          registrationRate: { perSecond: 1e6, burst: 1e6 },
          vainLeaseRate: { perSecond: 1e6, burst: 1e6 },
        },
        now: () => time.now,
      }),
      log: (level, message, fields) => {
        if (level === "error" && message === "request failed") {
          defects.push(`${message}: ${JSON.stringify(fields)}`);
        }
      },
    });
    coordinator.run(study).then(() => {
      troubledAt = time.now;
      coordinator.start();
      mine.coordinator = coordinator;
      mine.fetch = (request) => app.fetch(request);
    }, () => {
      // A command that cannot plan ends, and whoever runs it starts it again.
      crash(mine);
    });
  }

  start();
  leapLater();

  return {
    counts,
    defects,
    get troubledAt() {
      return troubledAt;
    },
    stored: () => life?.storage ?? null,
    coordinator: () => life?.coordinator ?? null,
    touched() {
      const trials = new Set(touched);
      touched.clear();
      return trials;
    },
    busy: () => (life?.pending ?? 0) > 0,
    async deliver({ method, url, headers, body }) {
      const serving = life;
      if (serving === null || serving.fetch === null) {
        // Refused by the system, or answered by a proxy before it.
        return chance.happens(0.5)
          ? null
          : new Response("<h1>Bad gateway</h1>", { status: 502 });
      }
      serving.pending++;
      let hangUp = () => {};
      const hungUp = new Promise<null>((resolve) => {
        hangUp = () => resolve(null);
      });
      serving.hangUp.add(hangUp);
      try {
        const request = new Request(url, { method, headers, body });
        const answer = Promise.resolve(serving.fetch(request));
        const response = await Promise.race([answer, hungUp]);
        if (response !== null && response.status === 500) {
          defects.push(`${method} ${new URL(url).pathname}: 500`);
        }
        return response;
      } finally {
        serving.pending--;
        serving.hangUp.delete(hangUp);
      }
    },
  };
}
