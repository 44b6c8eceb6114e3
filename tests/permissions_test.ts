import assert from "node:assert/strict";
import { join } from "node:path";
import { serveSwarm } from "../testing/worker/http_swarm.ts";
import { tinyDataset } from "../testing/worker/tiny_dataset.ts";
import { trainerPermissions } from "../worker/cli/deno_worker.ts";
import { sessionPermissions } from "../worker/cli/session_host.ts";
import { flagsOf, printed, taskCommands } from "./processes.ts";

Deno.test("no task has all permissions, and docs/security.md names each task's", async () => {
  const text = await Deno.readTextFile(
    new URL("../docs/security.md", import.meta.url),
  );
  const tasks = Object.entries(taskCommands());
  assert.ok(tasks.length >= 7);
  for (const [name, command] of tasks) {
    assert.doesNotMatch(command, / -A\b|--allow-all/, name);
    const flags = [...command.matchAll(/--allow-([a-z]+)/g)]
      .map(([, permission = ""]) => permission).sort();
    if (flags.length === 0) continue;
    const row = text.split("\n").find((line) =>
      line.startsWith(`| \`${name}\` `)
    );
    const documented = row?.split("|")[2]?.split(",")
      .map((permission) => permission.trim()).sort();
    assert.deepEqual(documented, flags, name);
  }
});

/** Looks for the data set where neither a mirror nor a package has it. */
const search = `
import { fashionMnist } from "./worker/data/fashion_mnist.ts";
import { findDataset } from "./worker/data/find_dataset.ts";
try {
  await findDataset(fashionMnist, {
    cacheDir: Deno.args[0],
    fetch: () => Promise.reject(new TypeError("no network")),
    run: () => Promise.resolve({ code: 100, stderr: "no such package" }),
  });
} catch (error) {
  console.log(error.message);
}
`;

Deno.test("findDataset looks everywhere with the permissions of start", async () => {
  const folder = await Deno.makeTempDir({ prefix: "permissions-test-" });
  try {
    const said = await printed(
      search,
      flagsOf("coordinator/main.ts"),
      [folder],
    );
    // Unless this machine has Debian's package installed.
    if (said !== "") assert.match(said, /apt-get failed: no such package/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What a script that is given as text tries; says how each attempt ends. */
const outcomesOf = `
async function outcomesOf(tries) {
  const got = {};
  for (const [name, run] of Object.entries(tries)) {
    try {
      await run();
      got[name] = "allowed";
    } catch (error) {
      got[name] = error.name;
    }
  }
  return got;
}
`;

/** A separate script with what a thread tries. */
const attempts = `${outcomesOf}
const tries = {
  read: () => Deno.readTextFileSync("/etc/hostname"),
  write: () => Deno.writeTextFileSync("/tmp/guard-was-here", ""),
  env: () => Deno.env.get("HOME"),
  net: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  run: () => new Deno.Command("true").outputSync(),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}),
};
postMessage(await outcomesOf(tries));
`;

/** What a thread with these permissions says that a script does. */
async function inThread(
  script: string,
  permissions: Deno.PermissionOptions,
): Promise<unknown> {
  const worker = new Worker(
    `data:text/javascript,${encodeURIComponent(script)}`,
    { type: "module", deno: { permissions } },
  );
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  } finally {
    worker.terminate();
  }
}

Deno.test("trainerPermissions keep a thread from files, network, processes and environment", async () => {
  const got = await inThread(attempts, trainerPermissions());
  const denied = "NotCapable";
  assert.deepEqual(got, {
    read: denied,
    write: denied,
    env: denied,
    net: denied,
    run: denied,
    sys: denied,
    ffi: denied,
  });
});

/** Two servers of this machine, a cache, and a file beside it. */
async function neighbourhood() {
  const folder = await Deno.makeTempDir({ prefix: "permissions-" });
  await Deno.writeTextFile(join(folder, "private.txt"), "private");
  const asked: string[] = [];
  const other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      asked.push(request.url);
      return new Response("internal");
    },
  );
  return {
    /** Requests to the server that is not the coordinator. */
    asked,
    /** Attempts to leave, as text of an object of functions. */
    ways: `{
      host: () => fetch("http://127.0.0.1:${other.addr.port}/"),
      connect: () => Deno.connect({ hostname: "127.0.0.1", port: ${other.addr.port} }),
      outside: () => fetch("http://192.0.2.1/"),
      listen: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
      read: () => Deno.readTextFile(${
      JSON.stringify(join(folder, "private.txt"))
    }),
      climb: () => Deno.readTextFile(${
      JSON.stringify(`${folder}/cache/../private.txt`)
    }),
      write: () => Deno.writeTextFile(${
      JSON.stringify(join(folder, "mine.txt"))
    }, ""),
      link: () => Deno.symlink(${JSON.stringify(folder)}, ${
      JSON.stringify(join(folder, "cache", "link"))
    }),
      env: () => Deno.env.get("HOME"),
      run: () => new Deno.Command(Deno.execPath()).output(),
      sys: () => Deno.hostname(),
    }`,
    cache: join(folder, "cache"),
    async [Symbol.asyncDispose]() {
      await other.shutdown();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const denied = "NotCapable";

Deno.test("sessionPermissions: the thread that talks with a coordinator reaches it and its cache, nothing else", async () => {
  await using around = await neighbourhood();
  await using swarm = serveSwarm(tinyDataset(), 0);
  const kept = join(around.cache, "kept");
  const script = `${outcomesOf}
const tries = {
  coordinator: () => fetch("${swarm.url}/healthz"),
  keep: () => Deno.writeTextFile(${JSON.stringify(kept)}, ""),
  find: () => Deno.readTextFile(${JSON.stringify(kept)}),
  ...${around.ways},
  thread: () =>
    new Worker("data:text/javascript,", {
      type: "module",
      deno: { permissions: { net: ["192.0.2.1:80"] } },
    }),
};
postMessage(await outcomesOf(tries));
`;
  const got = await inThread(
    script,
    sessionPermissions({ url: swarm.url, cacheDir: around.cache }),
  );
  assert.deepEqual(got, {
    coordinator: "allowed",
    keep: "allowed",
    find: "allowed",
    host: denied,
    connect: denied,
    outside: denied,
    listen: denied,
    read: denied,
    climb: denied,
    write: denied,
    link: denied,
    env: denied,
    run: denied,
    sys: denied,
    thread: denied,
  });
  assert.deepEqual(around.asked, []);
});

Deno.test("runConfined: nothing in the process of join reaches more, once the coordinator has answered", async () => {
  await using around = await neighbourhood();
  await using swarm = serveSwarm(tinyDataset(), 0);
  swarm.swarm.dataset = null;
  const script = `${outcomesOf}
import { runConfined } from "./worker/cli/session_host.ts";
const leaving = new AbortController();
await runConfined({
  url: "${swarm.url}",
  threads: 1,
  backend: "cpu",
  files: {},
  cacheDir: ${JSON.stringify(around.cache)},
  confined: true,
  signal: leaving.signal,
  onEvent: async ({ type }) => {
    if (type !== "registered") return;
    console.log(JSON.stringify(await outcomesOf(${around.ways})));
    leaving.abort();
  },
  onData: () => {},
  log: () => {},
});
`;
  const got = await printed(script, flagsOf("worker/main_deno.ts"));
  const { env, ...rest } = JSON.parse(got);
  // Only the variables that the task's flags name.
  assert.equal(env, denied);
  for (const [way, outcome] of Object.entries(rest)) {
    assert.equal(outcome, denied, way);
  }
  assert.equal(Object.keys(rest).length, 10);
  assert.deepEqual(around.asked, []);
  assert.deepEqual(swarm.swarm.left, ["token-1"]);
});

Deno.test("the start task has all permissions for fetching the data set, even from Debian's package", async () => {
  const folder = await Deno.makeTempDir({ prefix: "permissions-" });
  try {
    const flags = taskCommands()["start"]?.match(/--allow-\S+/g) ?? [];
    const script = new URL("permissions_dataset.ts", import.meta.url);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, script.href, folder],
      stdin: "null",
    }).output();
    const told = [stdout, stderr].map((b) => new TextDecoder().decode(b));
    assert.equal(told[0]?.trim(), "DatasetNotFoundError", told.join("\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
