import assert from "node:assert/strict";
import { createApp } from "../coordinator/http/app.ts";
import { createGuard } from "../coordinator/http/limits/guard.ts";
import type { Limits } from "../coordinator/http/limits/rates.ts";
import { openSecrets } from "../coordinator/http/limits/secrets.ts";
import { createAnalyst } from "../coordinator/threads/analyst.ts";
import { createLiveDeviations } from "../coordinator/service/leaderboards.ts";
import { createAnalystSync } from "../coordinator/threads/analyst_sync.ts";
import {
  readable,
  type ReadableLeaderboard,
  writeLeaderboard,
} from "../coordinator/threads/leaderboard_json.ts";
import { createMetrics } from "../coordinator/http/metrics.ts";
import type {
  Assets,
  DataFiles,
} from "../coordinator/http/middleware/responses.ts";
import { Leaderboard } from "../protocol/leaderboard.ts";
import { Problem, type ProblemType } from "../protocol/problem.ts";
import {
  Lease,
  type LeaseRequest,
  type RegisterRequest,
} from "../protocol/lease.ts";
import {
  createReadiness,
  type Readiness,
} from "../coordinator/http/readiness.ts";
import { openSqlite } from "../coordinator/storage/sqlite/sqlite.ts";
import { apiPageFile } from "../coordinator/storage/served_files.ts";
import type { Storage } from "../coordinator/storage/storage.ts";
import { planStudy } from "../coordinator/study/plan.ts";
import {
  type Coordinator,
  createCoordinator,
} from "../coordinator/service/coordinator.ts";
import {
  createEventHub,
  type EventHub,
} from "../coordinator/service/event_hub.ts";
import {
  countingRandom,
  type FakeClock,
  fakeClock,
  type Logged,
  manifest,
  smallStudy,
} from "./lease/fixtures.ts";
import type { LogFields, LogLevel } from "../coordinator/service/log.ts";
import type { DatasetManifest } from "../protocol/study.ts";
import type { Verification } from "../coordinator/verification/verification_queue.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";

/** A whole coordinator in memory, with a clock that only the test moves. */
export interface TestSwarm {
  readonly app: ReturnType<typeof createApp>;
  readonly coordinator: Coordinator;
  readonly storage: Storage;
  readonly hub: EventHub;
  readonly clock: FakeClock;
  readonly readiness: Readiness;
  readonly logged: Logged[];
  readonly adminToken: string;
  /** Calls the app; a body is sent as JSON, a token as bearer. */
  call(
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<Response>;
  /** Registers a worker and resolves to its token. */
  join(request?: Partial<RegisterRequest>): Promise<string>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly token?: string;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  /** The remote address. */
  readonly peer?: string;
}

/** A lease request of a simd worker. */
export const leaseRequest: LeaseRequest = {
  backend: "simd",
  stepMilliseconds: 10,
};

const noFiles: Assets = { paths: [], find: () => Promise.resolve(null) };

export async function testSwarm(
  options: {
    readonly storage?: (clock: FakeClock) => Storage;
    readonly study?: ReturnType<typeof smallStudy> | null;
    readonly data?: DataFiles;
    readonly assets?: Assets;
    readonly limits?: Partial<Limits>;
    readonly maxStreams?: number;
    readonly dataset?: DatasetManifest;
    readonly verification?: (clock: FakeClock) => Verification | undefined;
    readonly trustProxy?: readonly string[];
    readonly loopbackOnly?: boolean;
    readonly publicUrl?: string;
    readonly joinCode?: string;
  } = {},
): Promise<TestSwarm> {
  const clock = fakeClock();
  const logged: Logged[] = [];
  const log = (level: LogLevel, message: string, fields: LogFields = {}) => {
    logged.push({ level, message, fields });
  };
  const storage = options.storage?.(clock) ??
    openSqlite(":memory:", clock.now);
  const { maxStreams = 10 } = options;
  const hub = createEventHub({ schedule: clock.schedule, maxStreams });
  const verification = options.verification?.(clock);
  const coordinator = createCoordinator({
    storage,
    hub,
    prepare: (definition) => ({
      ...planStudy(definition),
      dataset: manifest,
      trainExamples: 60_000,
    }),
    now: clock.now,
    schedule: clock.schedule,
    random: countingRandom(),
    log,
    ...verification === undefined ? {} : { verification },
  });
  const study = options.study === undefined ? smallStudy() : options.study;
  if (study !== null) {
    await coordinator.run({
      ...study,
      dataset: options.dataset ?? manifest,
      trainExamples: 60_000,
    });
  }
  const secrets = await openSecrets({
    // In a separate storage, because the test's storage may fail.
    store: openSqlite(":memory:", clock.now),
    bytes: (count) => new Uint8Array(count).fill(7),
    joinCode: options.joinCode,
  });
  const metrics = createMetrics(() => 1);
  metrics.watch({
    counters: coordinator.counters,
    workersOnline: coordinator.workersOnline,
    streams: () => hub.streams,
  });
  const { schedule } = clock;
  const readiness = createReadiness({ ping: coordinator.ping, schedule });
  const app = createApp({
    coordinator,
    hub,
    leaderboard: (studyId) => emptyLeaderboard(coordinator, studyId),
    deviations: createLiveDeviations(
      coordinator,
      createAnalystSync(coordinator, createAnalyst()),
      clock.now,
    ),
    report: (studyId) =>
      Promise.resolve(studyId === "seed" ? "<p>The report</p>" : null),
    leaderboardCsv: ({ study, revision }) =>
      `study,revision\r\n${study.id},${revision}\r\n`,
    data: options.data ?? (() => Promise.resolve(null)),
    assets: options.assets ?? noFiles,
    apiPageFile,
    log,
    now: clock.now,
    guard: createGuard({ ...options, now: clock.now }),
    readiness,
    secrets,
    metrics,
  });

  async function call(
    method: string,
    path: string,
    { token, json, body, headers = {}, peer }: CallOptions = {},
  ): Promise<Response> {
    return await app.request(path, {
      method,
      headers: {
        ...token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...json === undefined ? {} : { "content-type": "application/json" },
        ...headers,
      },
      body: json === undefined ? body ?? null : JSON.stringify(json),
    }, { peer });
  }

  return {
    app,
    coordinator,
    storage,
    hub,
    clock,
    readiness,
    logged,
    adminToken: secrets.adminToken ?? "",
    call,
    async join(request = {}) {
      const response = await call("POST", "/api/workers", {
        json: {
          protocolVersion: PROTOCOL_VERSION,
          kind: "deno",
          threads: 1,
          ...request,
        },
      });
      const { token } = await response.json();
      return token;
    },
    async close() {
      coordinator.close();
      await storage.close();
    },
  };
}

/** A leaderboard with a valid shape; its rows do not matter here. */
async function emptyLeaderboard(
  coordinator: Coordinator,
  studyId: Parameters<Coordinator["study"]>[0],
): Promise<ReadableLeaderboard | null> {
  const study = await coordinator.study(studyId);
  if (study === null) return null;
  const { definition, revision, progress } = study;
  return readable(writeLeaderboard(Leaderboard.parse({
    study: {
      id: definition.id,
      title: definition.title,
      dataset: "fashion-mnist",
      replicates: definition.replicates,
      seed: definition.seed,
      recipe: definition.recipe,
      axes: ["dropout1", "dropout2"],
    },
    progress,
    rows: [],
    verdicts: [],
    swaps: [],
    remarks: [],
    summary: { en: "", zh: "" },
    revision,
  })));
}

type Options = Parameters<typeof testSwarm>[0];

/** Registers a test with its own swarm. */
export function swarmTest(
  name: string,
  body: (swarm: TestSwarm) => Promise<void>,
  options: Options = {},
): void {
  Deno.test(`createApp ${name}`, async () => {
    const swarm = await testSwarm(options);
    try {
      await body(swarm);
    } finally {
      await swarm.close();
    }
  });
}

/** Acquires a lease for the worker. */
export async function acquire(swarm: TestSwarm, token: string): Promise<Lease> {
  const response = await swarm.call("POST", "/api/leases", {
    token,
    json: leaseRequest,
  });
  assert.equal(response.status, 200);
  return Lease.parse(await response.json());
}

/** Checks and returns the problem of an answer. */
export async function problem(
  response: Response,
  status: number,
  type: ProblemType,
): Promise<Problem> {
  assert.equal(response.status, status);
  assert.equal(
    response.headers.get("content-type"),
    "application/problem+json",
  );
  const parsed = Problem.parse(await response.json());
  assert.equal(parsed.type, type);
  assert.equal(parsed.status, status);
  return parsed;
}
