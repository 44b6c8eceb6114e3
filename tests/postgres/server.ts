import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
// @ts-types="npm:@types/pg@8.23.1"
import pg from "npm:pg@8.23.1";
import { type Binaries, cache, copyFolder, findBinaries } from "./binaries.ts";
import { makeCertificate } from "./certificate.ts";
import {
  type Running,
  supervise,
  surroundings,
  type User,
} from "./supervisor.ts";

/** How a server goes down: connections ended in order, or as in a crash. */
export type Shutdown = "fast" | "immediate";

/** A PostgreSQL server of the caller's own; gone with the caller's process. */
export interface PostgresServer extends AsyncDisposable {
  /**
   * Of the superuser `swarm` and the database `postgres`. With TLS it names the
   * server's certificate, which vouches for itself: `sslrootcert`.
   */
  readonly url: string;
  /** The address of a new, empty database. */
  createDatabase(): Promise<string>;
  /** Default: `fast`. */
  down(how?: Shutdown): Promise<void>;
  /** On the same port as before. */
  up(): Promise<void>;
  restart(how: Shutdown): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Default: those of the machine, else the npm package's. */
  readonly binaries?: Binaries;
  /**
   * Whether commits wait for the disk. Without, suites that do not take the
   * server down immediately are faster. Default: true.
   */
  readonly fsync?: boolean;
  /** Whether the server takes TLS connections, and no others. */
  readonly ssl?: boolean;
}

const PORT_TAKEN = /could not bind .*Address already in use/;
/** Ports to try before giving up. */
const PORTS = 20;

/** Starts a server on a free port of 127.0.0.1 with a password of its own. */
export async function startPostgres(
  { binaries, fsync = true, ssl = false }: PostgresOptions = {},
): Promise<PostgresServer> {
  const folder = await Deno.makeTempDir({ prefix: "postgres-test-" });
  try {
    const user = await serverUser();
    const own = async (path: string) => {
      if (user !== null) await Deno.chown(path, user.uid, user.gid);
    };
    await own(folder);
    const programs = await reachable(
      (binaries ?? await findBinaries()).folder,
      folder,
      user,
    );
    const data = join(folder, "data");
    const password = await makeData(data, programs, user);
    await Deno.writeTextFile(
      join(data, "pg_hba.conf"),
      `${ssl ? "hostssl" : "host"} all all 127.0.0.1/32 scram-sha-256\n`,
    );
    const certificate = join(data, "server.crt");
    if (ssl) {
      const made = await makeCertificate();
      const key = join(data, "server.key");
      await Deno.writeTextFile(certificate, made.certificate);
      await Deno.writeTextFile(key, made.key, { mode: 0o600 });
      await own(key);
    }
    const settings = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      lc_messages: "C",
      ...ssl && { ssl: "on" },
      ...!fsync && {
        fsync: "off",
        synchronous_commit: "off",
        full_page_writes: "off",
      },
    };
    const start = (port: number) =>
      supervise(folder, user, [
        join(programs, "postgres"),
        ...["-D", data, "-p", `${port}`],
        ...Object.entries(settings).flatMap((
          [name, value],
        ) => ["-c", `${name}=${value}`]),
      ]);
    const { port, running } = await onFreePort(start);
    const url = `postgres://swarm:${password}@127.0.0.1:${port}/postgres` +
      (ssl ? `?sslmode=verify-full&sslrootcert=${certificate}` : "");
    return serverOf(url, folder, running, () => start(port));
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** PostgreSQL refuses to run as root: then another user; null: our own. */
async function serverUser(): Promise<User> {
  if (Deno.uid() !== 0) return null;
  const accounts = (await Deno.readTextFile("/etc/passwd")).split("\n")
    .map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const found = accounts.find(([name]) => name === wanted);
    if (found !== undefined) {
      return { uid: Number(found[2]), gid: Number(found[3]) };
    }
  }
  throw new Error(
    "PostgreSQL does not run as root, and there is no user postgres or nobody",
  );
}

/** The folder itself, or a copy where the server's user cannot get at it. */
async function reachable(
  programs: string,
  folder: string,
  user: User,
): Promise<string> {
  if (user === null) return programs;
  const { success } = await new Deno.Command("/bin/sh", {
    ...user,
    args: ["-c", `test -x "$0"`, join(programs, "postgres")],
    cwd: "/",
  }).output();
  if (success) return programs;
  const copy = join(folder, "programs");
  await copyFolder(dirname(programs), copy, user);
  return join(copy, "bin");
}

/**
 * Makes a server's folder of data; it is the superuser's password that comes
 * back. `initdb` takes as long as a small test, and always makes the same: its
 * work is kept in `.cache` with the password, and copied.
 */
async function makeData(
  data: string,
  programs: string,
  user: User,
): Promise<string> {
  const version = await run(join(programs, "postgres"), ["--version"], user);
  // A server takes no data that is another user's.
  const made = createHash("sha256").update(`${version} ${user?.uid}`);
  const kept = join(cache, `data-${made.digest("hex").slice(0, 16)}`);
  if (!existsSync(kept)) await initialize(kept, data, programs, user);
  else await copyData(join(kept, "data"), data);
  return await Deno.readTextFile(join(kept, "password"));
}

/** Has `initdb` make the data, and keeps them; whole, or not at all. */
async function initialize(
  kept: string,
  data: string,
  programs: string,
  user: User,
): Promise<void> {
  await Deno.mkdir(cache, { recursive: true });
  const draft = await Deno.makeTempDir({ dir: cache, prefix: "data-draft-" });
  try {
    const password = join(draft, "password");
    await Deno.writeTextFile(password, crypto.randomUUID(), { mode: 0o600 });
    const readable = `${data}-password`;
    await Deno.copyFile(password, readable);
    if (user !== null) await Deno.chown(readable, user.uid, user.gid);
    await run(join(programs, "initdb"), [
      ...["--pgdata", data, "--username", "swarm", "--pwfile", readable],
      ...["--encoding", "UTF8", "--locale", "C"],
      ...["--auth", "scram-sha-256", "--no-sync"],
    ], user);
    await copyData(data, join(draft, "data"));
    await Deno.rename(draft, kept);
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    // Another process was quicker: its data, with its password.
    if (!existsSync(kept)) throw error;
    await Deno.remove(data, { recursive: true });
    await copyData(join(kept, "data"), data);
  }
}

/** Copies a folder with its files' owners and permissions. */
async function copyData(from: string, to: string): Promise<void> {
  await run("cp", ["-R", "-p", from, to], null);
}

/** What the program prints. */
async function run(
  program: string,
  args: string[],
  user: User,
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    ...user,
    ...surroundings,
  }).output();
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (success) return text.join("");
  throw new Error(`${program} failed: ${text.join("")}`);
}

/**
 * Tries ports below those that systems hand out by themselves, so that nobody
 * else gets it while the server is down.
 */
async function onFreePort(
  start: (port: number) => Promise<Running>,
): Promise<{ port: number; running: Running }> {
  for (let tries = 1;; tries++) {
    const port = 10_240 + Math.floor(Math.random() * 20_000);
    try {
      return { port, running: await start(port) };
    } catch (error) {
      const taken = error instanceof Error && PORT_TAKEN.test(error.message);
      if (!taken || tries === PORTS) throw error;
    }
  }
}

function serverOf(
  url: string,
  folder: string,
  first: Running,
  start: () => Promise<Running>,
): PostgresServer {
  let running: Running | null = first;
  let databases = 0;
  const down = async (how: Shutdown = "fast") => {
    const ending = running;
    running = null;
    await ending?.end(how === "fast" ? "INT" : "QUIT");
  };
  const up = async () => {
    running ??= await start();
  };
  const stop = async () => {
    await down("immediate");
    await Deno.remove(folder, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  };
  return {
    url,
    down,
    up,
    stop,
    [Symbol.asyncDispose]: stop,
    async restart(how) {
      await down(how);
      await up();
    },
    async createDatabase() {
      const name = `test_${++databases}`;
      const client = new pg.Client(url);
      await client.connect();
      try {
        await client.query(`create database ${name}`);
      } finally {
        await client.end();
      }
      const address = new URL(url);
      address.pathname = `/${name}`;
      return address.href;
    },
  };
}
