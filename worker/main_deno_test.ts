import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Recipe } from "../protocol/study.ts";
import { runDenoWorker } from "./main_deno.ts";
import type { SessionEvent } from "./session/session_types.ts";
import { trialSpec } from "../testing/worker/fixtures.ts";
import { serveSwarm } from "../testing/worker/http_swarm.ts";
import { tinyDataset } from "../testing/worker/tiny_dataset.ts";
import { needsProcesses } from "../testing/needs_processes.ts";

const data = tinyDataset({ train: 200, test: 50, rows: 1 });

/** Trials of a moment, or of an hour. */
function trial(replicate: number, epochs = 2) {
  const recipe = Recipe.parse({ epochs, batchSize: 20, hiddenSizes: [8, 8] });
  return { ...trialSpec(replicate), recipe };
}

async function tempDir() {
  const path = await Deno.makeTempDir({ prefix: "worker-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

Deno.test("runDenoWorker: trains a study over HTTP on two threads, its data fetched once and kept", async () => {
  await using cache = await tempDir();
  await using http = serveSwarm(data, 0);
  http.swarm.queue = [trial(0), trial(1), trial(2)];
  const events: SessionEvent[] = [];
  const options = {
    url: http.url,
    threads: 2,
    backend: "cpu",
    name: "ada",
    cacheDir: join(cache.path, "data"),
    signal: new AbortController().signal,
    onEvent: (event: SessionEvent) => events.push(event),
    exitWhenComplete: true,
  } as const;
  assert.deepEqual(await runDenoWorker(options), { reason: "study-complete" });

  assert.equal(http.swarm.results.size, 3);
  for (const result of http.swarm.results.values()) {
    assert.equal(result.outcome, "trained");
    assert.equal(result.backend, "cpu");
    assert.equal(result.epochs.length, 2);
  }
  assert.equal(http.swarm.reports.length, 6);
  assert.deepEqual(http.swarm.left, ["token-1"]);
  assert.match(http.swarm.registrations[0]?.device ?? "", /Deno \d/);
  assert.equal(http.downloads.length, 4);
  assert.equal(
    events.filter(({ type }) => type === "trainer-ready").length,
    2,
  );

  // Joining again: the files are there.
  http.swarm.queue = [trial(3)];
  assert.deepEqual(await runDenoWorker({ ...options, threads: 1 }), {
    reason: "study-complete",
  });
  assert.equal(http.swarm.results.size, 4);
  assert.equal(http.downloads.length, 4);

  // Without a place to keep the files it trains as well, and says why it must
  // fetch them each time.
  const file = join(cache.path, "file");
  await Deno.writeTextFile(file, "");
  const lines: string[] = [];
  http.swarm.queue = [trial(4)];
  assert.deepEqual(
    await runDenoWorker({
      ...options,
      threads: 1,
      cacheDir: file,
      log: (line) => lines.push(line),
    }),
    { reason: "study-complete" },
  );
  assert.equal(http.swarm.results.size, 5);
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    /^data files will be downloaded again: cannot write to .*file: .*; name another folder with the variable SWARM_CACHE$/,
  );
});

/** The `join` command as a process of its own. */
function joinCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      fileURLToPath(new URL("./main_deno.ts", import.meta.url)),
      ...args,
    ],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function outputOf(command: Deno.Command) {
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test(
  "join: trains what there is, says so in plain lines, and exits with --exit",
  needsProcesses,
  async () => {
    await using http = serveSwarm(data, 0);
    http.swarm.queue = [trial(0)];
    const { code, stdout, stderr } = await outputOf(joinCommand(
      [
        http.url,
        "--threads",
        "1",
        "--backend",
        "cpu",
        "--name",
        "ada",
        "--exit",
      ],
    ));
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /^joined as ada$/m);
    assert.match(stdout, /^thread 1: cpu \(tfjs JavaScript\), .* ms a step$/m);
    assert.match(stdout, /^thread 1: trains dropout 0\.2, 0\.5, replicate 0/m);
    assert.match(stdout, /^thread 1: done dropout .*: loss \d\.\d+, test acc/m);
    assert.match(stdout, /^the study is complete$/m);
  },
);

Deno.test({
  name: "join: interrupted, hands its leases back and ends with status 0",
  ignore: needsProcesses.ignore || Deno.build.os === "windows",
  fn: async () => {
    await using http = serveSwarm(data, 0);
    http.swarm.queue = [trial(0, 1000)];
    const child = joinCommand(
      [http.url, "--threads", "1", "--backend", "cpu"],
    ).spawn();
    const reported = Promise.withResolvers<void>();
    http.swarm.after = (name) => {
      if (name === "report") reported.resolve();
    };
    const ended = child.output();
    await Promise.race([reported.promise, ended]);
    child.kill("SIGINT");
    const { code, stdout } = await ended;
    assert.equal(code, 0);
    assert.match(new TextDecoder().decode(stdout), /left; leases handed back/);
    assert.deepEqual(http.swarm.left, ["token-1"]);
    assert.equal(http.swarm.queue.length, 1);
    assert.equal(http.swarm.results.size, 0);
  },
});

Deno.test(
  "join: hands a trial back that needs more memory than it may use, and trains others",
  needsProcesses,
  async () => {
    await using http = serveSwarm(data, 0);
    const recipe = Recipe.parse({
      epochs: 1,
      batchSize: 65_536,
      hiddenSizes: [4096, 4096],
      network: "scratch",
    });
    const large = { ...trialSpec(1), recipe };
    http.swarm.queue = [trial(0), large];
    const { code, stderr } = await outputOf(joinCommand(
      [
        ...[http.url, "--threads", "1", "--backend", "cpu"],
        ...["--memory", "300", "--exit"],
      ],
    ));
    const said =
      /a network of 28x4096x4096x10 with batches of 65536 needs \d\.\d+ GB of memory, and each thread may use 0\.30 GB on this device/;
    assert.match(stderr, said);
    assert.equal(code, 1);
    assert.equal(http.swarm.results.size, 1);
    assert.equal(http.swarm.releases.length, 5);
    for (const { reason, message } of http.swarm.releases) {
      assert.equal(reason, "failed");
      assert.match(message ?? "", said);
    }
  },
);

Deno.test(
  "join: each mistake is one clear line on standard error and a status that is not 0",
  needsProcesses,
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    await using site = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("<h1>Welcome</h1>"),
    );
    const mistakes: readonly (readonly [string[], RegExp])[] = [
      [
        [],
        /^error: the coordinator's address is missing: deno task join http:/,
      ],
      [["ftp://x"], /^error: the address is invalid: "ftp:\/\/x"\. .*as http:/],
      [["x", "--threads", "0"], /--threads is invalid: "0".*from 1 to 1024/],
      [["x", "--backend", "gpu"], /--backend is invalid: "gpu".*auto, simd/],
      [["x", "--name", "x".repeat(41)], /^error: .*1 to 40 characters/],
      [[`127.0.0.1:${port}`], /^error: cannot reach the coordinator: http:/],
      [
        [`127.0.0.1:${site.addr.port}`],
        /^error: there is no coordinator at this address: .* answered with no JSON; check the address/,
      ],
    ];
    await Promise.all(mistakes.map(async ([args, message]) => {
      const { code, stdout, stderr } = await outputOf(joinCommand(args));
      assert.match(stderr.trimEnd(), message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.equal(stdout, "");
      assert.notEqual(code, 0);
    }));
  },
);

Deno.test({
  name:
    "join: an unavailable backend is one clear line, and the worker has left",
  ignore: needsProcesses.ignore || Deno.build.os !== "linux",
  fn: async () => {
    await using http = serveSwarm(data, 0);
    http.swarm.queue = [trial(0)];
    const { code, stderr } = await outputOf(joinCommand(
      [http.url, "--threads", "1", "--backend", "webgpu", "--exit"],
      // Hides every GPU from WebGPU: it looks for those of another system.
      { DENO_WEBGPU_BACKEND: "dx12" },
    ));
    assert.match(stderr, /^error: backend webgpu cannot be used here: .*\n$/);
    assert.equal(code, 1);
    assert.deepEqual(http.swarm.left, ["token-1"]);
    assert.equal(http.swarm.queue.length, 1);
  },
});
