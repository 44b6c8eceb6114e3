import { join } from "node:path";
import { LeaseId, Sha256, type WorkerId } from "../../protocol/ids.ts";
import type { Instant } from "../lease/trial.ts";
import { keepPrivate, PRIVATE_FILE, PRIVATE_FOLDER } from "./files.ts";

/** Stores weights until their results are verified, one set per lease. */
export interface WeightsStore {
  /** Replaces the lease's weights; resolves when they are on disk. */
  put(
    leaseId: LeaseId,
    sha256: Sha256,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<void>;
  /** Whether the lease has weights with this hash. */
  has(leaseId: LeaseId, sha256: Sha256): Promise<boolean>;
  /** The weights; null if missing. */
  get(
    leaseId: LeaseId,
    sha256: Sha256,
  ): Promise<Uint8Array<ArrayBuffer> | null>;
  delete(leaseId: LeaseId): Promise<void>;
  /** Leases whose weights were stored by this time of the store's clock. */
  keptBefore(time: Instant): Promise<LeaseId[]>;
  /** Total size of all weights. */
  bytes(): Promise<number>;
}

interface Entry {
  readonly sha256: Sha256;
  readonly bytes: number;
  readonly keptAt: Instant;
}

/** The medium of a store. */
interface Place {
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  remove(name: string): Promise<void>;
}

function createStore(
  place: Place,
  now: () => Instant,
  found: Iterable<readonly [LeaseId, Entry]> = [],
): WeightsStore {
  const entries = new Map<LeaseId, Entry>(found);
  const nameOf = (leaseId: LeaseId, sha256: Sha256) =>
    `${leaseId}.${sha256}.f32`;

  return {
    async put(leaseId, sha256, bytes) {
      const before = entries.get(leaseId);
      if (before?.sha256 === sha256) return;
      await place.write(nameOf(leaseId, sha256), bytes);
      entries.set(leaseId, { sha256, bytes: bytes.length, keptAt: now() });
      if (before !== undefined) {
        await place.remove(nameOf(leaseId, before.sha256));
      }
    },
    has: (leaseId, sha256) =>
      Promise.resolve(entries.get(leaseId)?.sha256 === sha256),
    async get(leaseId, sha256) {
      return entries.get(leaseId)?.sha256 === sha256
        ? await place.read(nameOf(leaseId, sha256))
        : null;
    },
    async delete(leaseId) {
      const entry = entries.get(leaseId);
      if (entry === undefined) return;
      entries.delete(leaseId);
      await place.remove(nameOf(leaseId, entry.sha256));
    },
    keptBefore: (time) =>
      Promise.resolve(
        [...entries].flatMap(([id, { keptAt }]) => keptAt <= time ? [id] : []),
      ),
    bytes: () =>
      Promise.resolve(
        [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0),
      ),
  };
}

/** Stores weights in memory; they are lost with the process. */
export function memoryWeights(now: () => Instant): WeightsStore {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return createStore({
    write: (name, bytes) => Promise.resolve(void files.set(name, bytes)),
    read: (name) => Promise.resolve(files.get(name)?.slice() ?? null),
    remove: (name) => Promise.resolve(void files.delete(name)),
  }, now);
}

/** Bytes of waiting weights: a thousand trials of the seed study. */
export const MOST_WEIGHTS = 1024 ** 3;

/** An upload that needs space. */
export interface SpaceRequest {
  readonly leaseId: LeaseId;
  readonly workerId: WorkerId;
  /** Key of the address that sends it; null: this machine, without a share. */
  readonly address: string | null;
  readonly bytes: number;
}

/** A store whose space is shared. */
export interface SharedWeights extends WeightsStore {
  /**
   * Reserves space for an upload until `put` or the end of the reservation;
   * null if the store is full or the share is used up.
   */
  reserve(request: SpaceRequest): Promise<Disposable | null>;
}

/**
 * Shares the space among the addresses and workers that upload. An address and
 * its worker together may hold as much as is left free afterwards. So one
 * worker gets a third of the space, many workers at one address get half of it,
 * and whoever comes next always finds some: each further address takes a share
 * of what is left. An address that holds nothing may use all that is left, or
 * the weights of a large network would fit into no share.
 *
 * It is counted in memory, because addresses are not stored. Weights of an
 * earlier process, or of other coordinators, count only as used space.
 *
 * @param most Bytes of all weights.
 */
export function shareWeights(
  store: WeightsStore,
  most = MOST_WEIGHTS,
): SharedWeights {
  const held = new Map<LeaseId, SpaceRequest & { readonly stored: boolean }>();
  const sum = (which: (entry: SpaceRequest & { stored: boolean }) => boolean) =>
    held.values().filter(which).reduce((all, { bytes }) => all + bytes, 0);

  /** Forgets weights that another coordinator has deleted. */
  async function forgetDeleted(): Promise<void> {
    const kept = new Set(await store.keptBefore(Number.MAX_SAFE_INTEGER));
    for (const [leaseId, { stored }] of held) {
      if (stored && !kept.has(leaseId)) held.delete(leaseId);
    }
  }

  async function fits(request: SpaceRequest): Promise<boolean> {
    const { leaseId, workerId, address, bytes } = request;
    const inStore = await store.bytes();
    const before = held.get(leaseId);
    const replaced = before?.stored === true ? before.bytes : 0;
    const others = (entry: SpaceRequest) => entry.leaseId !== leaseId;
    const all = bytes + inStore - replaced +
      sum((entry) => others(entry) && !entry.stored);
    if (all > most) return false;
    const mine = sum((entry) => others(entry) && entry.address === address);
    if (address === null || mine === 0) return true;
    const worker = sum((e) => others(e) && e.workerId === workerId);
    return all + (mine + bytes) + (worker + bytes) <= most;
  }

  return {
    ...store,
    async reserve(request) {
      if (!await fits(request)) {
        await forgetDeleted();
        if (!await fits(request)) return null;
      }
      const { leaseId } = request;
      const before = held.get(leaseId);
      const mine = { ...request, stored: false };
      held.set(leaseId, mine);
      return {
        [Symbol.dispose]() {
          if (held.get(leaseId) !== mine) return;
          if (before?.stored === true) held.set(leaseId, before);
          else held.delete(leaseId);
        },
      };
    },
    async put(leaseId, sha256, bytes) {
      await store.put(leaseId, sha256, bytes);
      const reserved = held.get(leaseId);
      if (reserved !== undefined) {
        held.set(leaseId, { ...reserved, stored: true });
      }
    },
    async delete(leaseId) {
      if (held.get(leaseId)?.stored === true) held.delete(leaseId);
      await store.delete(leaseId);
    },
  };
}

const NAME = /^([0-9a-f-]{36})\.([0-9a-f]{64})\.f32$/;

/**
 * Stores weights as files in a folder, which is created at the first upload.
 * Files of an earlier process are found at the start.
 */
export async function folderWeights(
  folder: string,
  now: () => Instant,
): Promise<WeightsStore> {
  keepPrivate(folder);
  const found: [LeaseId, Entry][] = [];
  for (const { name, path } of await filesOf(folder)) {
    const [, lease, sum] = NAME.exec(name) ?? [];
    const leaseId = LeaseId.safeParse(lease);
    const sha256 = Sha256.safeParse(sum);
    if (!leaseId.success || !sha256.success) {
      // A partial file of a killed process.
      if (name.endsWith(".part")) await Deno.remove(path);
      continue;
    }
    const { size } = await Deno.stat(path);
    const entry = { sha256: sha256.data, bytes: size, keptAt: now() };
    found.push([leaseId.data, entry]);
  }
  return createStore(
    {
      async write(name, bytes) {
        await Deno.mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
        const path = join(folder, name);
        const part = `${path}.${crypto.randomUUID()}.part`;
        using file = await Deno.open(part, {
          write: true,
          create: true,
          truncate: true,
          mode: PRIVATE_FILE,
        });
        for (let start = 0; start < bytes.length;) {
          start += await file.write(bytes.subarray(start));
        }
        // Results are stored only after their weights.
        await file.sync();
        await Deno.rename(part, path);
      },
      read: (name) => unlessMissing(() => Deno.readFile(join(folder, name))),
      remove: async (name) => {
        await unlessMissing(() => Deno.remove(join(folder, name)));
      },
    },
    now,
    found,
  );
}

async function filesOf(folder: string) {
  const files: { name: string; path: string }[] = [];
  await unlessMissing(async () => {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile) files.push({ name, path: join(folder, name) });
    }
  });
  return files;
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
