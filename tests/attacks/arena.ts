import * as tf from "@tensorflow/tfjs";
import { createHash } from "node:crypto";
import { createApp } from "../../coordinator/http/app.ts";
import { createReadiness } from "../../coordinator/http/readiness.ts";
import { createGuard } from "../../coordinator/http/limits/guard.ts";
import { createAnalyst } from "../../coordinator/threads/analyst.ts";
import { createLiveDeviations } from "../../coordinator/service/leaderboards.ts";
import { createAnalystSync } from "../../coordinator/threads/analyst_sync.ts";
import { openSecrets } from "../../coordinator/http/limits/secrets.ts";
import { LeaseId, Sha256, type WorkerId } from "../../protocol/ids.ts";
import {
  DatasetDefinition,
  StudyDefinition,
  type TrialSpec,
} from "../../protocol/study.ts";
import type { Lease } from "../../protocol/lease.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { openSqlite } from "../../coordinator/storage/sqlite/sqlite.ts";
import { planStudy } from "../../coordinator/study/plan.ts";
import { createCoordinator } from "../../coordinator/service/coordinator.ts";
import { createEventHub } from "../../coordinator/service/event_hub.ts";
import { createVerifier } from "../../coordinator/verification/verifier.ts";
import type { Verifier } from "../../coordinator/verification/verifier_api.ts";
import { memoryWeights } from "../../coordinator/storage/weights_store.ts";
import { backendCandidates } from "../../worker/backends/select.ts";
import { buildKernels } from "../../worker/backends/simd/build.ts";
import { createClient, type HttpClient } from "../../worker/client.ts";
import { datasetFolder } from "../../worker/data/dataset_folder.ts";
import { fetchDataset } from "../../worker/data/fetch_dataset.ts";
import { findDataset } from "../../worker/data/find_dataset.ts";
import { ProblemError } from "../../worker/session/swarm_client.ts";
import type { TrainedTrial } from "../../worker/trainer/trainer_api.ts";
import { trainTrial } from "../../worker/training/train.ts";
import { writeTinyDataset } from "../tiny_dataset.ts";
import type { Liar, LiarTools, Train } from "./liars.ts";

/** The outcome of an attack in one study. */
export interface Score {
  /** Number of false deliveries. */
  readonly lies: number;
  /** False deliveries that were refused. */
  readonly refused: number;
  /** False results that were accepted and withdrawn later. */
  readonly withdrawn: number;
  /** In the finished study. */
  readonly standing: number;
  /** False deliveries until the first was refused; null: none was refused. */
  readonly untilCaught: number | null;
  /** Whether the workers' page flags the attacker by its remaining results. */
  readonly flagged: boolean;
  /** The same of an honest volunteer. */
  readonly honestFlagged: boolean;
  /** Trainings of honest volunteers, and those whose results were refused. */
  readonly honestTrainings: number;
  readonly honestRefused: number;
  /** Epochs that the verifier trained, and those that the study has. */
  readonly repeatedEpochs: number;
  readonly studyEpochs: number;
}

/** A tiny data set, a verifier's thread and real training, for many studies. */
export interface Arena {
  /** Runs a study to its end, with honest volunteers and the liar. */
  play(make: (tools: LiarTools) => Liar, seed: number): Promise<Score>;
  /**
   * Replays calls about old leases in every way; returns the numbers of calls
   * and of accepted ones.
   */
  replay(seed: number): Promise<{ said: number; counted: number }>;
  close(): Promise<void>;
}

const ENDLESS = { perSecond: 1e9, burst: 1e9 };
const POINTS = [[0.1, 0.1], [0.2, 0.5], [0.5, 0.2], [0.1, 0.6], [0.6, 0.1]];
const all = {
  show: "all",
  order: "seen",
  limit: 9,
  offset: 0,
} as const;
const never = new AbortController().signal;

/** Random numbers in [0, 1) from a seed. */
function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export async function openArena(replicates: number): Promise<Arena> {
  const folder = await Deno.makeTempDir({ prefix: "attacks-" });
  const tiny = await writeTinyDataset(folder, 600, 300);
  const definition = StudyDefinition.parse({
    id: "tiny",
    title: { en: "Tiny", zh: "小" },
    dataset: tiny.definition,
    searchSpace: {
      points: POINTS.map(([dropout1, dropout2]) => ({ dropout1, dropout2 })),
    },
    replicates,
    recipe: {
      epochs: 3,
      batchSize: 100,
      hiddenSizes: [32, 32],
      learningRate: 0.1,
      weightStd: 0.1,
    },
  });
  const found = await findDataset(DatasetDefinition.parse(tiny.definition), {
    dataDir: folder,
    cacheDir: `${folder}/cache`,
    downloads: false,
  });
  const dataset = await fetchDataset(found.manifest, {
    store: datasetFolder(found.folder),
    download: () => Promise.reject(new Error("unexpected download")),
    signal: never,
  });
  const [simd] = backendCandidates({
    dataset,
    files: { simdFolder: (await buildKernels()).href },
    now: () => performance.now(),
  });
  if (simd?.backend !== "simd") throw new Error("no simd backend");
  const backendDetail = await simd.start();
  const schedule = (milliseconds: number, run: () => void) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  };
  const verifier = createVerifier({
    dataset: found.manifest,
    dataFolder: found.folder,
    schedule,
  });

  const trained = new Map<string, TrainedTrial>();
  const train: Train = (spec) => trainOn("train", spec);
  const fit: Train = (spec) => trainOn("test", spec);
  async function trainOn(
    set: "train" | "test",
    spec: TrialSpec,
  ): Promise<TrainedTrial> {
    const { dropout1, dropout2, epochs } = spec.recipe;
    const key = [set, dropout1, dropout2, epochs, spec.replicate].join(" ");
    const known = trained.get(key);
    if (known !== undefined) return known;
    await tf.setBackend("simd");
    let packed: ArrayBuffer | undefined;
    const on = { ...dataset, train: dataset[set] };
    const result = await trainTrial(spec, on, {
      backend: "simd",
      backendDetail,
      now: () => performance.now(),
      onEpoch: () => {},
      onProgress: () => {},
      onWeights: (weights) => {
        packed = weights;
      },
      isStopped: () => false,
      pause: () => Promise.resolve(),
    });
    if (result === null || packed === undefined) throw new Error("no weights");
    const sum = createHash("sha256").update(new Uint8Array(packed));
    const weights = {
      bytes: packed,
      sha256: Sha256.parse(sum.digest("hex")),
    };
    const trial = { result, weights };
    trained.set(key, trial);
    return trial;
  }

  /** A separate coordinator with its real routes. */
  async function coordinate(seed: number) {
    const random = lcg(seed);
    let repeatedEpochs = 0;
    const counting: Verifier = {
      ...verifier,
      repeat(spec, epochs) {
        repeatedEpochs += epochs;
        return verifier.repeat(spec, epochs);
      },
      // The thread serves the next study too.
      close: () => {},
    };
    const storage = openSqlite(":memory:", Date.now);
    const hub = createEventHub({ schedule, maxStreams: 1 });
    const coordinator = createCoordinator({
      storage,
      hub,
      now: Date.now,
      schedule,
      random: {
        uuid: () => crypto.randomUUID(),
        bytes: (count) =>
          Uint8Array.from({ length: count }, () => random() * 256),
      },
      log: () => {},
      verification: { weights: memoryWeights(Date.now), verifier: counting },
    });
    const plan = planStudy(definition);
    await coordinator.run({
      ...plan,
      dataset: found.manifest,
      trainExamples: dataset.train.images.count,
    });
    const deviations = createLiveDeviations(
      coordinator,
      createAnalystSync(coordinator, createAnalyst()),
      () => performance.now(),
    );
    const app = createApp({
      coordinator,
      hub,
      leaderboard: () => Promise.resolve(null),
      leaderboardCsv: () => "",
      report: () => Promise.resolve(null),
      deviations,
      data: () => Promise.resolve(null),
      assets: { paths: [], find: () => Promise.resolve(null) },
      log: () => {},
      now: () => performance.now(),
      readiness: createReadiness({ ping: coordinator.ping, schedule }),
      // Attackers may send anything.
      guard: createGuard({
        limits: {
          addressRate: ENDLESS,
          workerRate: ENDLESS,
          registrationRate: ENDLESS,
          vainLeaseRate: ENDLESS,
        },
        now: () => performance.now(),
      }),
      secrets: await openSecrets({
        store: storage,
        bytes: (count) => new Uint8Array(count),
      }),
    });
    const client = createClient({
      url: "http://swarm.test",
      fetch: async (input, init) => await app.fetch(new Request(input, init)),
    });
    const join = async (name: string) =>
      await client.register({
        protocolVersion: PROTOCOL_VERSION,
        kind: "deno",
        threads: 1,
        name,
      }, never);
    return {
      coordinator,
      plan,
      client,
      join,
      random,
      deviations,
      repeatedEpochs: () => repeatedEpochs,
      async close() {
        coordinator.close();
        await storage.close();
      },
    };
  }

  async function acquire(
    client: HttpClient,
    token: string,
    { backend = "simd", hidesKernels = false }: Partial<Liar> = {},
  ): Promise<Lease | null> {
    const { lease } = await client.acquire(token, {
      backend,
      ...(!hidesKernels && { backendDetail }),
      leaseId: LeaseId.parse(crypto.randomUUID()),
    }, never);
    return lease;
  }

  /** Whether the result counts in the end. */
  async function deliver(
    { client, coordinator }: Awaited<ReturnType<typeof coordinate>>,
    token: string,
    { leaseId, attempt }: Lease,
    { result, weights }: TrainedTrial,
  ): Promise<boolean> {
    if (weights === null) throw new Error("the tiny study does not diverge");
    const { bytes, sha256 } = weights;
    try {
      await client.uploadWeights(token, leaseId, { attempt, bytes }, never);
      const request = { attempt, result, weights: sha256 };
      await client.complete(token, leaseId, request, never);
      await coordinator.verified();
      await client.complete(token, leaseId, request, never);
      return true;
    } catch (error) {
      if (error instanceof ProblemError) return false;
      throw error;
    }
  }

  const sameFigures = (a: TrainedTrial["result"], b: TrainedTrial["result"]) =>
    a.epochs.every((m, i) =>
      m.trainLoss === b.epochs[i]?.trainLoss &&
      m.testLoss === b.epochs[i]?.testLoss &&
      m.testAccuracy === b.epochs[i]?.testAccuracy
    );

  return {
    async play(make, seed) {
      const swarm = await coordinate(seed);
      const { client, coordinator, plan } = swarm;
      const liar = make({ train, fit, random: swarm.random });
      const honest = await Promise.all(
        Array.from({ length: liar.beside ?? 1 }, () => swarm.join("honest")),
      );
      const names: string[] = Array.from(
        { length: liar.workers },
        (_, i) => `${liar.name} ${i}`,
      );
      const dishonest = await Promise.all(names.map(swarm.join));
      let [lies, refused, accepted, turn] = [0, 0, 0, 0];
      let [honestTrainings, honestRefused] = [0, 0];
      let untilCaught: number | null = null;
      const truth = (spec: TrialSpec) => train(spec);

      for (let idle = 0; idle < 2;) {
        idle++;
        for (const volunteer of honest) {
          const mine = await acquire(client, volunteer.token);
          if (mine === null) continue;
          idle = 0;
          honestTrainings++;
          const trial = await truth(mine.trial);
          const counts = await deliver(swarm, volunteer.token, mine, trial);
          if (!counts) honestRefused++;
        }
        const worker = dishonest[turn % dishonest.length];
        if (worker === undefined) throw new Error("a liar has a worker");
        const lease = await acquire(client, worker.token, liar);
        if (lease === null) continue;
        idle = 0;
        const trial = await liar.deliver(lease.trial, turn++);
        const right = await truth(lease.trial);
        const lie = !sameFigures(trial.result, right.result) ||
          trial.weights?.sha256 !== right.weights?.sha256;
        const counts = await deliver(swarm, worker.token, lease, trial);
        if (!lie) continue;
        lies++;
        if (counts) accepted++;
        else {
          refused++;
          untilCaught ??= lies;
        }
      }
      let standing = 0;
      for (const spec of plan.trials) {
        const view = await coordinator.trial(spec.trialId);
        if (view?.result == null) continue;
        const { result } = await truth(spec);
        if (!sameFigures(view.result, result)) standing++;
      }
      const { ofWorker } = await swarm.deviations();
      const isOdd = (workerId: WorkerId) => ofWorker(workerId)?.odd ?? false;
      const flagged = dishonest.some((w) => isOdd(w.workerId));
      const honestFlagged = honest.some((w) => isOdd(w.workerId));
      await swarm.close();
      return {
        flagged,
        honestFlagged,
        lies,
        refused,
        withdrawn: accepted - standing,
        standing,
        untilCaught,
        honestTrainings,
        honestRefused,
        repeatedEpochs: swarm.repeatedEpochs(),
        studyEpochs: plan.trials.length * definition.recipe.epochs,
      };
    },

    async replay(seed) {
      const swarm = await coordinate(seed);
      const { client, coordinator } = swarm;
      const [a, b] = [await swarm.join("a"), await swarm.join("b")];
      const lease = await acquire(client, a.token);
      if (lease === null) throw new Error("no lease");
      const trial = await train(lease.trial);
      await deliver(swarm, a.token, lease, trial);
      const next = await acquire(client, a.token);
      if (next === null) throw new Error("no lease");
      const other = await train(next.trial);
      const credit = async () =>
        (await coordinator.workers(all)).workers.reduce(
          (sum, w) => sum + w.trialsCompleted,
          0,
        );
      const before = await credit();
      const said = [
        // The old lease with another result, by another worker, another attempt.
        await deliver(swarm, a.token, lease, other),
        await deliver(swarm, b.token, lease, trial),
        await deliver(swarm, a.token, { ...lease, attempt: 2 }, trial),
        // Another worker's running lease, and one that never existed.
        await deliver(swarm, b.token, next, other),
        await deliver(swarm, a.token, {
          ...next,
          leaseId: LeaseId.parse(crypto.randomUUID()),
        }, other),
      ];
      const counted = await credit() - before;
      await swarm.close();
      return { said: said.length, counted };
    },

    async close() {
      verifier.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
