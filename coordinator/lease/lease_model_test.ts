import { join } from "node:path";
// An inline import, so that `deno task start` does not download this test
// package.
// deno-lint-ignore no-import-prefix
import fc from "npm:fast-check@4.10.2";
import { emptySchema } from "../../tests/postgres/schema.ts";
import { startPostgres } from "../../tests/postgres/server.ts";
import { createPool } from "../storage/postgres/pool.ts";
import { openPostgres } from "../storage/postgres/postgres.ts";
import { readTrials } from "../storage/postgres/trial.ts";
import { openSqlite } from "../storage/sqlite/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { type Coordinator, createCoordinator } from "../service/coordinator.ts";
import { createEventHub } from "../service/event_hub.ts";
import {
  countingRandom,
  type FakeClock,
  fakeClock,
  newWorker,
} from "../../testing/lease/fixtures.ts";
import {
  compareCredit,
  Model,
  modelPolicy,
  modelVerification,
  type Real,
  runPlan,
  type Step,
  WORKERS,
} from "../../testing/lease/lease_model.ts";
import {
  AskForLease,
  Complete,
  Judge,
  Leave,
  Plan,
  Release,
  Renew,
  Restart,
  Sweep,
} from "../../testing/lease/lease_steps.ts";
import { needsProcesses } from "../../testing/needs_processes.ts";

/**
 * Random scripts that are tried in memory; `SWARM_LEASE_SCRIPTS=5000` for a long
 * look. On a disk and on a server far fewer, for what those are about.
 */
const SCRIPTS = Number(Deno.env.get("SWARM_LEASE_SCRIPTS") || 200);

const worker = fc.nat(WORKERS - 1);
const lease = fc.nat(1000);
/** One call in eight comes from a worker that is not allowed to make it. */
const forged = fc.nat(7).map((n) => n === 0);

const askForLease = fc.tuple(worker, fc.boolean())
  .map((a) => new AskForLease(...a));
const renew = fc.tuple(lease, forged, fc.constantFrom(null, 1, 2, 3))
  .map((a) => new Renew(...a));
const complete = fc
  .tuple(lease, forged, fc.constantFrom("good", "good", "other", "bad"))
  .map((a) => new Complete(...a));
const judge = fc
  .tuple(lease, fc.constantFrom("true", "true", "false", "lost"))
  .map((a) => new Judge(...a));
const release = fc
  .tuple(lease, forged, fc.constantFrom("leaving", "failed", "failed"))
  .map((a) => new Release(...a));

// Names that are listed more than once are chosen more often.
const steps: fc.Arbitrary<Step>[] = [
  askForLease,
  askForLease,
  askForLease,
  askForLease,
  renew,
  renew,
  complete,
  release,
  release,
  fc.constantFrom(1, 10, 61).map((seconds) => new Sweep(seconds)),
  worker.map((w) => new Leave(w)),
  judge,
  judge,
  fc.nat(2).map((plan) => new Plan(plan)),
  fc.constant(new Restart()),
];

interface Store extends Pick<Real, "readTrials"> {
  storage: Storage;
  /**
   * Opens what a coordinator finds when it starts after this one was killed.
   */
  reopen(): Promise<Storage>;
  end(): Promise<void>;
}

/**
 * Runs this many random scripts. A failure prints the shortest failing script
 * found, with `seed` and `path`: set these options below to run it again.
 */
async function explore(
  runs: number,
  open: (clock: FakeClock) => Promise<Store>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.commands(steps, { maxCommands: 80, size: "max" }),
      async (verify, commands) => {
        const clock = fakeClock();
        const store = await open(clock);
        const coordinate = (storage: Storage): Coordinator =>
          createCoordinator({
            storage,
            hub: createEventHub({ schedule: clock.schedule, maxStreams: 1 }),
            now: clock.now,
            schedule: clock.schedule,
            random: countingRandom(),
            log: () => {},
            policy: modelPolicy,
            ...verify ? { verification: modelVerification } : {},
          });
        const real: Real = {
          clock,
          storage: store.storage,
          coordinator: coordinate(store.storage),
          ...store.readTrials && { readTrials: store.readTrials },
          async restart() {
            real.storage = await store.reopen();
            real.coordinator = coordinate(real.storage);
          },
        };
        for (let n = 0; n < WORKERS; n++) {
          await real.storage.registerWorker(newWorker(n, 2));
        }
        await runPlan(real, 0);
        try {
          await fc.asyncModelRun(
            () => ({ model: new Model(verify), real }),
            commands,
          );
          await compareCredit(real);
        } finally {
          await store.end();
        }
      },
    ),
    { numRuns: runs },
  );
}

Deno.test("lease machine: behaves like its model, in memory", () =>
  explore(SCRIPTS, (clock) => {
    const storage = openSqlite(":memory:", clock.now);
    return Promise.resolve({
      storage,
      reopen: () => Promise.resolve(storage),
      end: () => storage.close(),
    });
  }));

Deno.test("lease machine: behaves like its model, on SQLite with crashes", () =>
  explore(Math.ceil(SCRIPTS / 12), async (clock) => {
    const folder = await Deno.makeTempDir();
    let generation = 0;
    const path = () => join(folder, `${generation}.db`);
    const store: Store = {
      storage: openSqlite(path(), clock.now),
      // The files as a killed process leaves them, without closing.
      async reopen() {
        const from = path();
        generation++;
        for (const end of ["", "-wal"]) {
          await Deno.copyFile(`${from}${end}`, `${path()}${end}`);
        }
        await store.storage.close();
        store.storage = openSqlite(path(), clock.now);
        return store.storage;
      },
      async end() {
        await store.storage.close();
        await Deno.remove(folder, { recursive: true });
      },
    };
    return store;
  }));

Deno.test(
  "lease machine: behaves like its model, on PostgreSQL with crashes",
  needsProcesses,
  async () => {
    await using server = await startPostgres({ fsync: false });
    const database = await server.createDatabase();
    await explore(Math.ceil(SCRIPTS / 25), async (clock) => {
      const { url } = await emptySchema(database);
      const reader = createPool(url, { connections: 1 });
      const opened: Storage[] = [];
      const reopen = async () => {
        const { storage } = await openPostgres(url, { clock: clock.now });
        opened.push(storage);
        return storage;
      };
      return {
        storage: await reopen(),
        // The previous coordinator's handles stay open, as after a crash.
        reopen,
        readTrials: async (ids) => {
          const found = await readTrials(reader, ids);
          return ids.flatMap((id) => found.get(id)?.trial ?? []);
        },
        end: async () =>
          void await Promise.all([reader, ...opened].map((s) => s.close())),
      };
    });
  },
);
