import assert from "node:assert/strict";
import { trainerPermissions } from "../worker/main_deno.ts";
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

/** A separate script with what a thread tries. */
const attempts = `
const tries = {
  read: () => Deno.readTextFileSync("/etc/hostname"),
  write: () => Deno.writeTextFileSync("/tmp/guard-was-here", ""),
  env: () => Deno.env.get("HOME"),
  net: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  run: () => new Deno.Command("true").outputSync(),
  sys: () => Deno.hostname(),
  ffi: () => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}),
};
const got = {};
for (const [name, run] of Object.entries(tries)) {
  try {
    await run();
    got[name] = "allowed";
  } catch (error) {
    got[name] = error.name;
  }
}
postMessage(got);
`;

Deno.test("trainerPermissions keep a thread from files, network, processes and environment", async () => {
  const script = `data:text/javascript,${encodeURIComponent(attempts)}`;
  const worker = new Worker(script, {
    type: "module",
    deno: { permissions: trainerPermissions() },
  });
  const got = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
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
