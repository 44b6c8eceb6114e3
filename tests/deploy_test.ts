import assert from "node:assert/strict";
import ipaddr from "ipaddr.js";
import { parse } from "npm:yaml@2.9.1";
import * as z from "zod";
import { endpoints } from "../protocol/endpoints.ts";
import { sources } from "../web/build/build.ts";
import { flagsOf } from "./command_flags.ts";
import { flagsOf as taskFlags, runScript, taskCommands } from "./processes.ts";

/** The files in deploy/ against the program that they run. */

const root = new URL("../", import.meta.url);
const COORDINATOR = "coordinator/main.ts";
const WORKER = "worker/main_deno.ts";
/** Seconds that a stopping coordinator gives to what is being answered. */
const ANSWERING = 10;

/** A file of deploy/, its continued lines joined. */
const read = async (name: string) =>
  (await Deno.readTextFile(new URL(`deploy/${name}`, root)))
    .replaceAll(/ *\\\n */g, " ");

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, root)).then(() => true, () => false);
}

/** The stages of the Dockerfile, each with its text. */
async function stages(): Promise<Map<string, string>> {
  const texts = (await read("Dockerfile")).split(/^(?=FROM )/m).slice(1);
  return new Map(texts.map((text) => {
    const [, name = ""] = /^FROM \S+ AS (\S+)/.exec(text) ?? [];
    return [name, text];
  }));
}

/** The words of a stage's or unit's command. */
async function commands(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const [name, text] of await stages()) {
    const [, words] = /^ENTRYPOINT (\[.*\])$/m.exec(text) ?? [];
    if (words === undefined) continue;
    found.set(
      `Dockerfile ${name}`,
      z.array(z.string()).parse(JSON.parse(words)),
    );
  }
  for (const unit of await units()) {
    const [, command] = /^ExecStart=(.*)$/m.exec(await read(unit)) ?? [];
    found.set(unit, (command ?? "").split(" "));
  }
  return found;
}

async function units(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(new URL("deploy/", root))) {
    if (name.endsWith(".service")) names.push(name);
  }
  return names.sort();
}

/** `--allow-x=a,b` in parts; without values everything of x is allowed. */
function permission(flag: string) {
  const [name = "", values] = flag.split("=");
  return { name, values: values === undefined ? null : values.split(",") };
}

const Service = z.object({
  build: z.object({ dockerfile: z.string(), target: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  networks: z.union([
    z.array(z.string()),
    z.record(z.string(), z.object({ ipv4_address: z.string().optional() })),
  ]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.union([
    z.array(z.string()),
    z.record(z.string(), z.unknown()),
  ]).default([]),
  stop_grace_period: z.string().optional(),
});
const Compose = z.object({
  services: z.record(z.string(), Service),
  networks: z.object({
    inside: z.object({
      ipam: z.object({
        config: z.array(z.object({ subnet: z.string(), ip_range: z.string() })),
      }),
    }),
    outside: z.object({}),
  }),
  volumes: z.record(z.string(), z.unknown()),
});

/** The compose file with its variables as they are by default. */
async function compose() {
  const text = (await read("compose.yaml"))
    .replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1")
    .replaceAll(/\$\{\w+:\?[^}]*\}/g, "secret");
  return Compose.parse(parse(text, { merge: true }));
}

type Networks = z.infer<typeof Service>["networks"];
const namesOf = (networks: Networks) =>
  Array.isArray(networks) ? networks : Object.keys(networks);

Deno.test("deploy/ runs the Deno of README.md", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const [, version] = /deno@(\d+\.\d+\.\d+) task start/.exec(readme) ?? [];
  const images = (await read("Dockerfile")).matchAll(/^FROM (\S+:\S+)/gm);
  const wanted = `denoland/deno:${version}`;
  assert.deepEqual([...new Set([...images].map(([, i]) => i))], [wanted]);
});

Deno.test("deploy/ gives no command more than its task has, and what it cannot do without", async () => {
  const all = await commands();
  assert.equal(all.size, 4);
  for (const [place, words] of all) {
    const script = words.at(-1) ?? "";
    assert.ok([COORDINATOR, WORKER].includes(script), place);
    for (const flag of ["--cached-only", "--lock=deno.lock", "--frozen"]) {
      assert.ok(words.includes(flag), `${place}: ${flag}`);
    }
    const task = Object.values(taskCommands())
      .find((command) => command.endsWith(` ${script}`)) ?? "";
    assert.deepEqual(
      words.filter((word) => word.startsWith("--v8-flags")),
      task.match(/--v8-flags\S+/g) ?? [],
      place,
    );
    const allowed = taskFlags(script)
      .filter((flag) => flag.startsWith("--allow-")).map(permission);
    const given = words.filter((word) => word.startsWith("--allow-"))
      .map(permission);
    for (const { name, values } of given) {
      const most = allowed.find((one) => one.name === name);
      assert.ok(most !== undefined, `${place}: ${name}`);
      if (most.values === null) continue;
      for (const value of values ?? ["everything"]) {
        assert.ok(most.values.includes(value), `${place}: ${name}=${value}`);
      }
    }
    // The data set is there already: nothing has to be installed.
    const needed = allowed.filter(({ name }) => name !== "--allow-run");
    assert.deepEqual(
      given.map(({ name }) => name).sort(),
      needed.map(({ name }) => name).sort(),
      place,
    );
    const variables = (list: typeof given) =>
      list.find(({ name }) => name === "--allow-env")?.values;
    assert.deepEqual(variables(given), variables(allowed), place);
  }
});

/** What each place sets for the command that it runs. */
async function settings() {
  const found: { place: string; script: string; env: [string, string][] }[] =
    [];
  const { services } = await compose();
  const image = await stages();
  for (const [place, { build, environment }] of Object.entries(services)) {
    if (build === undefined) continue;
    const stage = image.get(build.target) ?? "";
    const [, script = ""] = /"([^"]+\.ts)"\]$/m.exec(stage) ?? [];
    const [, inImage = ""] = /^ENV (.*)$/m.exec(stage) ?? [];
    const env = [
      ...inImage.split(" ").filter((word) => word !== "").map(assignment),
      ...Object.entries(environment),
    ];
    found.push({ place, script, env });
  }
  for (const place of await units()) {
    const text = await read(place);
    const [, script = ""] = /^ExecStart=.* (\S+\.ts)$/m.exec(text) ?? [];
    const lines = text.matchAll(/^Environment=(.*)$/gm);
    const env = [...lines].map(([, line = ""]) => assignment(line));
    found.push({ place, script, env });
  }
  return found;
}

function assignment(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}

Deno.test("deploy/ sets variables that its commands have, to values that they take", async () => {
  const all = await settings();
  assert.equal(all.length, 5);
  for (const { place, script, env } of all) {
    const known = [
      ...(await flagsOf(script)).map(({ variable }) => variable),
      ...["SWARM_CACHE", "PGPASSWORD", "DENO_DIR"],
    ];
    for (const [name] of env) {
      assert.ok(known.includes(name), `${place}: ${name}`);
    }
    const own = Object.fromEntries(
      env.filter(([name]) => name.startsWith("SWARM_")),
    );
    const command = runScript(script, ["--help"], { env: own });
    assert.equal((await command.ended).code, 0, command.output());
  }
  // The commands do look.
  const wrong = { SWARM_TRUST_PROXY: "balancer" };
  const refused = runScript(COORDINATOR, ["--help"], { env: wrong });
  assert.notEqual((await refused.ended).code, 0);
});

Deno.test("deploy/Dockerfile copies and runs what is there", async () => {
  const text = (await read("Dockerfile")).replaceAll(/^#.*$/gm, "");
  const copied = [...text.matchAll(/^COPY (?!--from|\. )(.*) \S+$/gm)]
    .flatMap(([, paths = ""]) => paths.split(" "));
  const run = text.match(/\b[\w/]+\.ts\b/g) ?? [];
  assert.ok(copied.length >= 5 && run.length >= 7);
  for (const path of [...copied, ...run]) {
    assert.ok(await exists(path), path);
  }
  // The context holds what the build reads, and no more than there is.
  const admitted = (await read("Dockerfile.dockerignore")).split("\n")
    .filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  for (const path of admitted) assert.ok(await exists(path), path);
  for (const path of [...copied, ...run, ...sources]) {
    assert.ok(
      admitted.some((one) => path === one || path.startsWith(`${one}/`)),
      `${path} is not in the context`,
    );
  }
  assert.ok(text.includes(`:8000${endpoints.health.path}'`));
});

Deno.test("deploy/compose.yaml and deploy/Caddyfile speak of the same services", async () => {
  const { services, networks, volumes } = await compose();
  const caddy = await read("Caddyfile");
  const targets = [...(await stages()).keys()];
  for (const [name, service] of Object.entries(services)) {
    if (service.build !== undefined) {
      assert.ok(targets.includes(service.build.target), name);
      assert.ok(await exists(service.build.dockerfile), name);
    }
    for (const network of namesOf(service.networks)) {
      assert.ok(network in networks, `${name}: ${network}`);
    }
    for (const volume of service.volumes) {
      const [source = ""] = volume.split(":");
      assert.ok(
        source in volumes || await exists(`deploy/${source.slice(2)}`),
        `${name}: ${volume}`,
      );
    }
    const { depends_on } = service;
    const needs = Array.isArray(depends_on)
      ? depends_on
      : Object.keys(depends_on);
    for (const other of needs) assert.ok(other in services, name);
  }

  const coordinators = Object.entries(services)
    .filter(([, { build }]) => build?.target === "coordinator");
  assert.ok(coordinators.length >= 2);
  const [, upstreams = ""] = /reverse_proxy (.*) \{/.exec(caddy) ?? [];
  assert.deepEqual(
    upstreams.split(" ").sort(),
    coordinators.map(([name]) => `${name}:8000`).sort(),
  );
  assert.match((await stages()).get("coordinator") ?? "", /^EXPOSE 8000$/m);
  const byDefault = (await flagsOf(COORDINATOR))
    .find(({ flag }) => flag === "--port");
  assert.equal(byDefault?.byDefault, "8000");

  // The balancer alone is believed, and nobody else gets its address.
  const { balancer, postgres, worker } = services;
  assert.ok(balancer && postgres && worker);
  const inside = Array.isArray(balancer.networks)
    ? undefined
    : balancer.networks["inside"]?.ipv4_address;
  assert.ok(inside !== undefined);
  const [pool] = networks.inside.ipam.config;
  const address = ipaddr.parse(inside);
  assert.ok(address.match(ipaddr.parseCIDR(pool?.subnet ?? "")));
  assert.ok(!address.match(ipaddr.parseCIDR(pool?.ip_range ?? "")));
  assert.equal(namesOf(postgres.networks).join(), "inside");
  assert.equal(namesOf(worker.networks).join(), "outside");
  const url = new URL(worker.environment["SWARM_URL"] ?? "");
  assert.equal(url.hostname, "balancer");
  assert.match(caddy, new RegExp(`^:${url.port} \\{`, "m"));

  // It notices one that drains, and has time to spare.
  assert.match(caddy, new RegExp(`health_uri ${endpoints.ready.path}$`, "m"));
  const seconds = (name: string) =>
    Number(new RegExp(`${name} (\\d+)s`).exec(caddy)?.[1]);
  for (const [name, { environment, stop_grace_period }] of coordinators) {
    assert.equal(environment["SWARM_TRUST_PROXY"], inside, name);
    const drain = Number(environment["SWARM_DRAIN_SECONDS"]);
    assert.ok(drain >= seconds("health_interval") + seconds("health_timeout"));
    assert.ok(parseInt(stop_grace_period ?? "") > drain + ANSWERING, name);
    const database = new URL(environment["SWARM_DB"] ?? "");
    assert.equal(database.hostname, "postgres", name);
    assert.equal(
      database.username,
      postgres.environment["POSTGRES_USER"],
      name,
    );
    assert.equal(database.pathname, `/${database.username}`, name);
  }
});

Deno.test("deploy/*.service writes where the unit may, and nowhere else", async () => {
  for (const unit of await units()) {
    const text = await read(unit);
    const folders = [...text.matchAll(/^(State|Cache)Directory=(.*)$/gm)]
      .map(([, kind, name]) =>
        `/var/${kind === "State" ? "lib" : "cache"}/${name}`
      );
    const [, writes = ""] = /--allow-write=(\S+)/.exec(text) ?? [];
    assert.deepEqual(writes.split(","), folders, unit);
    const paths = text.matchAll(/^Environment=SWARM_(?:DB|CACHE)=(.*)$/gm);
    for (const [, path = ""] of paths) {
      assert.ok(
        folders.some((folder) => path === folder || path.startsWith(folder)),
        `${unit}: ${path}`,
      );
    }
    const [, stop] = /^TimeoutStopSec=(\d+)$/m.exec(text) ?? [];
    assert.ok(Number(stop) > ANSWERING, unit);
  }
});

const systemd = await new Deno.Command("systemd-analyze", {
  args: ["--version"],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

Deno.test({
  name: "systemd-analyze finds nothing wrong with deploy/*.service",
  ignore: !systemd,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "deploy-test-" });
    try {
      for (const unit of await units()) {
        const path = `${folder}/${unit}`;
        const text = (await read(unit))
          .replace("ExecStart=/usr/local/bin/deno", "ExecStart=/bin/sh");
        await Deno.writeTextFile(path, text);
        const { success, stderr } = await new Deno.Command("systemd-analyze", {
          args: ["verify", path],
        }).output();
        const said = new TextDecoder().decode(stderr);
        assert.equal(said.includes(unit), false, said);
        assert.ok(success, said);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
