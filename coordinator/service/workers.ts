import type { RegisterRequest } from "../../protocol/lease.ts";
import type { LeaseTerms } from "../lease/policy.ts";
import type { Instant } from "../lease/trial.ts";
import type { Storage, WorkerRecord } from "../storage/storage.ts";
import type { LastSeen } from "./last_seen.ts";
import type { Log } from "./log.ts";
import type { Random, StudyToRun, WorkerCalls } from "./service_types.ts";
import {
  formatToken,
  hashSecret,
  parseAuthorization,
  SECRET_BYTES,
  secretFits,
  type Token,
  workerIdOf,
} from "./token.ts";

export function createWorkerCalls(deps: {
  readonly storage: Storage;
  readonly lastSeen: LastSeen;
  readonly random: Random;
  readonly terms: LeaseTerms;
  readonly now: () => Instant;
  readonly log: Log;
  readonly study: () => StudyToRun | null;
}): WorkerCalls {
  const { storage, lastSeen, random, terms, now, log, study } = deps;
  /** Compared with for an unknown worker, so that this takes as long. */
  const nobody = hashSecret(toHex(random.bytes(SECRET_BYTES)));

  /** Updates the worker's last-seen time, but not at each of its many calls. */
  async function touch(worker: WorkerRecord): Promise<WorkerRecord> {
    const due = worker.lastSeenAt + terms.heartbeat * 500;
    if (!worker.left && now() < due) return worker;
    const away = worker.left ||
      now() >= worker.lastSeenAt + terms.offlineAfter * 1000;
    // A returning worker is stored immediately; the time of an online worker is
    // stored later, without delaying its call.
    if (away) await storage.seen(worker.workerId, { left: false });
    else lastSeen.note(worker.workerId);
    return { ...worker, left: false, lastSeenAt: now() };
  }

  async function workerOf(token: Token): Promise<WorkerRecord | null> {
    const worker = await storage.worker(token.workerId);
    const fits = secretFits(token.secret, worker?.tokenHash ?? nobody);
    return worker !== null && fits ? await touch(worker) : null;
  }

  async function known({ secret }: RegisterRequest) {
    return secret === undefined
      ? null
      : await workerOf({ workerId: workerIdOf(secret), secret });
  }

  /** Stores a new worker; resolves to its name. */
  async function store(
    request: RegisterRequest,
    { workerId, secret }: Token,
  ): Promise<string> {
    const { kind, threads } = request;
    const name = request.name ?? workerName(random.bytes(2));
    await storage.registerWorker({
      workerId,
      name,
      kind,
      threads,
      device: request.device ?? null,
      protocolVersion: request.protocolVersion,
      tokenHash: hashSecret(secret),
    });
    log("info", "worker registered", { workerId, name, kind, threads });
    return name;
  }

  return {
    isRegistered: async (request) => await known(request) !== null,

    async register(request) {
      const secret = request.secret ?? toHex(random.bytes(SECRET_BYTES));
      const token = { workerId: workerIdOf(secret), secret };
      let name = (await known(request))?.name;
      try {
        name ??= await store(request, token);
      } catch (error) {
        // The same request may have been stored meanwhile.
        name = (await known(request))?.name;
        if (name === undefined) throw error;
      }
      return {
        workerId: token.workerId,
        token: formatToken(token),
        name,
        heartbeatSeconds: terms.heartbeat,
        dataset: study()?.dataset ?? null,
      };
    },

    async authenticate(header) {
      const token = parseAuthorization(header);
      return token === null ? null : await workerOf(token);
    },
  };
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

const qualities = [
  "amber",
  "brave",
  "brisk",
  "calm",
  "clever",
  "coral",
  "eager",
  "gentle",
  "golden",
  "humble",
  "ivory",
  "jolly",
  "keen",
  "lively",
  "lucky",
  "mellow",
  "merry",
  "misty",
  "nimble",
  "olive",
  "patient",
  "quick",
  "quiet",
  "rosy",
  "silver",
  "snowy",
  "steady",
  "sunny",
  "swift",
  "velvet",
  "warm",
  "witty",
];

const animals = [
  "badger",
  "bee",
  "crane",
  "deer",
  "dolphin",
  "finch",
  "fox",
  "gecko",
  "hare",
  "heron",
  "ibis",
  "jay",
  "koala",
  "lark",
  "lynx",
  "magpie",
  "marten",
  "mole",
  "newt",
  "otter",
  "owl",
  "panda",
  "puffin",
  "raven",
  "robin",
  "seal",
  "sparrow",
  "swan",
  "tapir",
  "tern",
  "vole",
  "wren",
];

/** Generates a name for a worker without one, from two random bytes. */
export function workerName(bytes: Uint8Array): string {
  const [a = 0, b = 0] = bytes;
  return `${qualities[a % qualities.length]}-${animals[b % animals.length]}`;
}
