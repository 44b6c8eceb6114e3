import assert from "node:assert/strict";
import { dirname, join } from "node:path";
// @ts-types="npm:@types/pg@8.23.1"
import pg from "npm:pg@8.23.1";
import { PATIENCE, type RunningCommand, runScript } from "../processes.ts";
import { copyFolder, packagedBinaries, systemBinaries } from "./binaries.ts";
import { type PostgresOptions, startPostgres } from "./server.ts";

/** One statement on a connection of its own; its rows. */
async function ask(url: string, statement: string) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error && "code" in error ? `${error.code}` : "";
  }
  return "none";
}

/** What a coordinator's tests rely on, with the server's programs from there. */
async function check(options: PostgresOptions): Promise<void> {
  await using server = await startPostgres(options);
  const [one, two] = [
    await server.createDatabase(),
    await server.createDatabase(),
  ];
  await ask(one, "create table kept (n int); insert into kept values (7)");
  assert.equal(await code(ask(two, "select n from kept")), "42P01");
  const kept = async () => (await ask(one, "select n from kept"))[0]?.n;
  for (const how of ["fast", "immediate"] as const) {
    await server.restart(how);
    assert.equal(await kept(), 7, how);
  }
  await server.down();
  assert.equal(await code(kept()), "ECONNREFUSED");
  await server.up();
  assert.equal(await kept(), 7);
  const wrong = new URL(one);
  wrong.password = "wrong";
  assert.equal(await code(ask(wrong.href, "select 1")), "28P01");
}

const installed = await systemBinaries();

Deno.test({
  name:
    "startPostgres with the machine's programs keeps data over restarts and refuses a wrong password",
  // Then findBinaries takes the package's.
  ignore: installed === null,
  async fn() {
    assert.ok(installed);
    await check({ binaries: installed });
  },
});

Deno.test("startPostgres with the npm package's programs does the same", async () => {
  await check({ binaries: await packagedBinaries(), fsync: false });
});

Deno.test({
  name: "startPostgres as root runs programs that only root can get at",
  ignore: Deno.uid() !== 0,
  async fn() {
    const { folder } = await packagedBinaries();
    const closed = await Deno.makeTempDir({ prefix: "postgres-closed-" });
    try {
      await copyFolder(dirname(folder), closed);
      const programs = join(closed, "bin");
      await using server = await startPostgres({
        binaries: { folder: programs, source: "package" },
        fsync: false,
      });
      assert.equal((await ask(server.url, "select 1 as n"))[0]?.n, 1);
    } finally {
      await Deno.remove(closed, { recursive: true });
    }
  },
});

Deno.test("startPostgres with ssl accepts only TLS, with a verifiable certificate", async () => {
  await using server = await startPostgres({ ssl: true, fsync: false });
  const select = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
  assert.deepEqual(await ask(server.url, select), [{ ssl: true }]);
  const url = new URL(server.url);
  url.searchParams.delete("sslrootcert");
  assert.match(await code(ask(url.href, select)), /SELF_SIGNED|VERIFY/);
  url.search = "";
  // No line of pg_hba.conf lets it in.
  assert.equal(await code(ask(url.href, select)), "28000");
});

Deno.test("startPostgres: two servers can run at once", async () => {
  await using one = await startPostgres({ fsync: false });
  await using two = await startPostgres({ fsync: false });
  assert.notEqual(new URL(one.url).port, new URL(two.url).port);
  await one.stop();
  assert.equal((await ask(two.url, "select 1 as n"))[0]?.n, 1);
});

/** Resolves when it holds, as it does a moment after a process has ended. */
async function until(what: string, holds: () => Promise<boolean>) {
  const end = Date.now() + PATIENCE;
  while (!await holds()) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`the server and its files are removed if the process is ended by ${signal}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "postgres-holder-" });
    // Like the folder for temporary files: the server's user deletes its own.
    await Deno.chmod(folder, 0o1777);
    let holder: RunningCommand | null = null;
    try {
      holder = runScript("tests/postgres/serve.ts", [], {
        env: { TMPDIR: folder },
      });
      const [url] = await holder.waitFor(/postgres:\/\/\S+/);
      assert.equal((await ask(url, "select 1 as n"))[0]?.n, 1);
      holder.kill(signal);
      await holder.ended;
      await until(
        "the server runs on",
        async () => await code(ask(url, "select 1")) === "ECONNREFUSED",
      );
      await until(
        "files are left",
        async () => (await Array.fromAsync(Deno.readDir(folder))).length === 0,
      );
    } finally {
      holder?.kill("SIGKILL");
      await holder?.ended;
      await Deno.remove(folder, { recursive: true });
    }
  });
}
