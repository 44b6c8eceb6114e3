import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { createClient } from "../../worker/client.ts";
import { runDenoWorker } from "../../worker/main_deno.ts";
import { findDataset } from "../../worker/data/find_dataset.ts";
import { createTrainerPool } from "../../worker/trainer/trainer_pool.ts";
import { fetchDataset } from "../../worker/data/fetch_dataset.ts";
import { describeEvent } from "../../worker/cli/join_status.ts";
import type { SessionEvent } from "../../worker/session/session_types.ts";
import { openSwarm } from "../../coordinator/open_swarm.ts";
import { parseStudy } from "../../coordinator/study/parse.ts";
import { planStudy } from "../../coordinator/study/plan.ts";
import {
  DatasetDefinition,
  type DatasetFileName,
} from "../../protocol/study.ts";
import { machine, parts } from "../../testing/worker/empty_machine.ts";
import { scene } from "../../testing/worker/scene.ts";
import { UnusableDataError } from "../../worker/session/failure.ts";
import { ProblemError } from "../../worker/session/swarm_client.ts";
import { tinyDataset } from "../../testing/worker/tiny_dataset.ts";
import { printed, runScript } from "../processes.ts";

/** Data sets as people have them: checked by what they mean, not by hashes. */

type Bytes = Uint8Array<ArrayBuffer>;

function idx(
  sizes: readonly number[],
  elements: ArrayLike<number> = new Uint8Array(
    sizes.reduce((product, size) => product * size, 1),
  ),
  type = 0x08,
): Bytes {
  const header = 4 + 4 * sizes.length;
  const bytes = new Uint8Array(header + elements.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type << 8 | sizes.length);
  sizes.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  bytes.set(elements, header);
  return bytes;
}

/** `count` labels that take turns from `lowest` to `highest`. */
const labels = (count: number, lowest: number, highest: number) =>
  idx(
    [count],
    Array.from(
      { length: count },
      (_, i) => lowest + i % (highest - lowest + 1),
    ),
  );

const tiny = tinyDataset();

interface Setting {
  /** Instead of the tiny data set's decompressed files. */
  readonly files?: Partial<Record<DatasetFileName, Bytes>>;
  readonly classes?: number;
  /** The names in the study file. */
  readonly names?: Partial<Record<DatasetFileName, string>>;
  /** The names on the disk; default: those of the study. */
  readonly onDisk?: (part: DatasetFileName, name: string) => string;
  /** What stands on the disk. Default: the decompressed file. */
  readonly form?: (bytes: Bytes) => Bytes;
}

/** Writes a data set with the hashes that its files have; then looks for it. */
async function find(
  { files = {}, classes = 10, names = {}, onDisk = (_, name) => name, form }:
    Setting,
) {
  await using m = await machine();
  const dataDir = join(m.root, "mine");
  const entries = await Promise.all(parts.map(async (part) => {
    const bytes = files[part] ?? tiny.plain[part];
    const name = names[part] ?? tiny.definition.files[part].name;
    const path = join(dataDir, onDisk(part, name));
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, form?.(bytes) ?? bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return [part, { name, sha256 }];
  }));
  const definition = DatasetDefinition.parse({
    name: "mine",
    classes,
    files: Object.fromEntries(entries),
  });
  const found = await findDataset(definition, { ...m.options, dataDir });
  return { found, log: m.log };
}

async function refusal(setting: Setting): Promise<string> {
  try {
    await find(setting);
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, "IdxError", error.message);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  throw new Error("the data set was taken");
}

// EMNIST letters has labels 1 to 26: arXiv 1702.05373.
Deno.test("findDataset: labels from 1 on are refused with the classes that fit", async () => {
  const files = {
    trainLabels: labels(40, 1, 26),
    testLabels: labels(20, 1, 26),
  };
  assert.equal(
    await refusal({ files, classes: 26 }),
    "data set mine: trainLabels (train-labels-idx1-ubyte) holds the label 26 " +
      '(the first at position 25), but "classes": 26 allows only 0 to 25; ' +
      'this data set\'s labels are 1 to 26: "classes": 27 in the study file ' +
      "fits them, or subtract 1 from each label",
  );
  await find({ files, classes: 27 });
});

Deno.test("findDataset: labels above the classes are refused, in the test set too", async () => {
  assert.match(
    await refusal({ files: { testLabels: labels(20, 0, 11) } }),
    /testLabels .* holds the label 10 \(the first at position 10\).*"classes": 12 in the study file fits them$/,
  );
});

// QMNIST: facebookresearch/qmnist, labels are 8 columns of 32-bit integers.
Deno.test("findDataset: labels of 32-bit integers are refused with what to do", async () => {
  const trainLabels = idx([40, 8], new Uint8Array(40 * 8 * 4), 0x0c);
  assert.match(
    await refusal({ files: { trainLabels } }),
    /trainLabels .* holds 32-bit integers in \[40, 8\], as QMNIST's label files do.*docs\/studies\.md.*needed are labels as unsigned bytes/,
  );
  const floats = idx([40, 28, 28], new Uint8Array(40 * 784 * 4), 0x0d);
  assert.match(
    await refusal({ files: { trainImages: floats } }),
    /trainImages .* holds 32-bit floats in \[40, 28, 28\]/,
  );
});

Deno.test("findDataset: files in each other's place are named as exchanged", async () => {
  const { trainImages, trainLabels, testImages, testLabels } = tiny.plain;
  assert.match(
    await refusal({
      files: { trainImages: trainLabels, trainLabels: trainImages },
    }),
    /trainImages .* and .* trainLabels .* are exchanged: the first holds labels/,
  );
  assert.match(
    await refusal({
      files: { trainLabels: testLabels, testLabels: trainLabels },
    }),
    /trainLabels .* and .* testLabels .* are exchanged: they have 20 and 40/,
  );
  assert.match(
    await refusal({ files: { testLabels: testImages } }),
    /testLabels .* holds images, unsigned bytes in \[20, 28, 28\]; needed are labels/,
  );
  // This can be trained on; it is pointed out.
  const { log } = await find({
    files: {
      ...{ trainImages: testImages, trainLabels: testLabels },
      ...{ testImages: trainImages, testLabels: trainLabels },
    },
  });
  assert.match(log.join(), /20 images for training, 40 for testing/);
});

Deno.test("findDataset: empty, cut off and mismatched files are refused", async () => {
  const { trainImages, testLabels } = tiny.plain;
  const cases: readonly (readonly [Setting["files"], RegExp])[] = [
    [{ trainImages: new Uint8Array() }, /trainImages .* is empty; needed/],
    [{ testImages: idx([0, 28, 28]), testLabels: idx([0]) }, /has no images/],
    [{ trainImages: trainImages.slice(0, -1) }, /it is cut off/],
    [{ testLabels: Uint8Array.from([...testLabels, 0]) }, /it is too long/],
    [{ trainLabels: labels(39, 0, 9) }, /39 labels for the 40 images/],
    [{ testImages: idx([20, 32, 32]) }, /32 x 32 pixels.*have 28 x 28/],
    [{ trainImages: idx([40, 784]) }, /unsigned bytes in \[40, 784\]; needed/],
    [{ trainImages: idx([40, 28, 28, 3]) }, /in \[40, 28, 28, 3\]; needed/],
  ];
  for (const [files = {}, expected] of cases) {
    assert.match(await refusal({ files }), expected);
  }
});

Deno.test("findDataset: other formats are refused by name with what to do", async () => {
  const ascii = (text: string) => new TextEncoder().encode(text);
  const cases: readonly (readonly [Bytes, RegExp])[] = [
    [ascii("PK\x03\x04 and so on"), /is a zip archive.*unpack it/],
    [ascii("label,pixel1,pixel2\n"), /is text, such as CSV/],
    [ascii("MATLAB 5.0 MAT-file"), /is a MATLAB file/],
    [Uint8Array.of(0x93, ...ascii("NUMPY")), /is a NumPy array/],
    [ascii("<!DOCTYPE html>"), /is a web page/],
    [ascii("version https://git-lfs.github.com/spec/v1"), /Git LFS pointer/],
  ];
  for (const [trainImages, expected] of cases) {
    assert.match(await refusal({ files: { trainImages } }), expected);
  }
  const twice = new Uint8Array(gzipSync(tiny.plain.testLabels));
  assert.match(
    await refusal({
      files: { testLabels: twice },
      form: (bytes) => new Uint8Array(gzipSync(bytes)),
    }),
    /compressed with gzip twice; decompress it once/,
  );
});

Deno.test("findDataset: a file with another hash that is no IDX file is named as what it is", async () => {
  await assert.rejects(
    find({ form: () => new TextEncoder().encode("PK\x03\x04 and so on") }),
    /SHA-256 of its .*; the file is a zip archive/,
  );
});

Deno.test("findDataset: the hash of a compressed file is recognized, with the right one", async () => {
  const gzip = (bytes: Bytes) => new Uint8Array(gzipSync(bytes));
  const sha = (bytes: Bytes) =>
    createHash("sha256").update(bytes).digest("hex");
  await using m = await machine();
  for (const part of parts) {
    const { name } = tiny.definition.files[part];
    await Deno.writeFile(join(m.root, `${name}.gz`), gzip(tiny.plain[part]));
  }
  const files = Object.fromEntries(parts.map((part) => [part, {
    ...tiny.definition.files[part],
    sha256: sha(gzip(tiny.plain[part])),
  }]));
  await assert.rejects(
    findDataset(DatasetDefinition.parse({ ...tiny.definition, files }), {
      ...m.options,
      dataDir: m.root,
    }),
    ({ message }: Error) =>
      message.includes("has the SHA-256 of the compressed file") &&
      message.includes(tiny.definition.files.trainImages.sha256),
  );
});

Deno.test("findDataset: --data that names an archive asks for a folder", async () => {
  await using m = await machine();
  const dataDir = join(m.root, "archive.zip");
  await Deno.writeTextFile(dataDir, "PK");
  await assert.rejects(
    findDataset(tiny.definition, { ...m.options, dataDir }),
    /--data: not a folder: .*archive\.zip; unpack it/,
  );
});

Deno.test("findDataset: the names of mirrors and archives are found, gzip or not", async () => {
  const gzip = (bytes: Bytes) => new Uint8Array(gzipSync(bytes));
  const base = (name: string) => name.replace(/[.-]idx\d-ubyte$/, "");
  const dotted = (name: string) => name.replace(/-(idx\d-ubyte)$/, ".$1");
  const short = Object.fromEntries(
    parts.map((part) => [part, base(tiny.definition.files[part].name)]),
  );
  const settings: readonly Setting[] = [
    { onDisk: (_, name) => dotted(name) },
    { onDisk: (_, name) => `${dotted(name)}.gz`, form: gzip },
    { onDisk: (_, name) => base(name) },
    // Kaggle's archives unpack each file into a folder of its name.
    { onDisk: (_, name) => join(name, name) },
    // By content, not by name.
    { onDisk: (_, name) => `${name}.gz` },
    { form: gzip },
    { names: short, onDisk: (part) => tiny.definition.files[part].name },
  ];
  for (const setting of settings) await find(setting);
});

Deno.test("findDataset: names the archives in a folder without the files", async () => {
  await assert.rejects(
    find({ onDisk: (part) => `${part}.zip` }),
    /not there; unpack or convert what is there: testImages\.zip, testLabels\.zip/,
  );
});

Deno.test("start refuses a data set that cannot be trained on in one line", async () => {
  const folder = await Deno.makeTempDir({ prefix: "wild-data-" });
  try {
    const trainLabels = labels(40, 1, 26);
    const contents = { ...tiny.plain, trainLabels };
    const files: Record<string, { name: string; sha256: string }> = {};
    for (const part of parts) {
      const bytes = contents[part];
      await Deno.writeFile(join(folder, part), bytes);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      files[part] = { name: part, sha256 };
    }
    const study = join(folder, "study.json");
    await Deno.writeTextFile(
      study,
      JSON.stringify({
        id: "letters",
        title: { en: "Letters" },
        dataset: { name: "letters", classes: 26, files },
        searchSpace: { points: [{ dropout1: 0.5 }] },
      }),
    );
    const run = runScript("coordinator/main.ts", [
      ...["--study", study, "--data", folder, "--workers", "0", "--exit"],
      ...["--db", join(folder, "swarm.db"), "--port", "0"],
    ], { env: { SWARM_CACHE: join(folder, "cache") } });
    assert.equal((await run.ended).code, 1, run.output());
    assert.match(
      run.output(),
      /^error: data set letters: trainLabels \(trainLabels\) .*\n$/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("docs/studies.md: its program writes labels that findDataset takes", async () => {
  const page = await Deno.readTextFile(
    new URL("../../docs/studies.md", import.meta.url),
  );
  const [, program = ""] =
    /```ts ignore\n(\/\/ labels\.ts.*?)```/s.exec(page) ??
      [];
  const folder = await Deno.makeTempDir({ prefix: "wild-data-" });
  try {
    const convert = async (bytes: Bytes, subtract: string) => {
      const [from, to] = [join(folder, "from"), join(folder, "to")];
      await Deno.writeFile(from, bytes);
      await printed(program, ["--allow-read", "--allow-write"], [
        from,
        to,
        subtract,
      ]);
      return await Deno.readFile(to);
    };
    const wide = new DataView(new ArrayBuffer(40 * 8 * 4));
    for (let i = 0; i < 40; i++) wide.setInt32(i * 32, i % 10);
    const columns = idx([40, 8], new Uint8Array(wide.buffer), 0x0c);
    const trainLabels = await convert(columns, "0");
    assert.deepEqual(trainLabels, tiny.plain.trainLabels);
    assert.deepEqual(
      await convert(labels(40, 1, 10), "1"),
      tiny.plain.trainLabels,
    );
    await find({ files: { trainLabels } });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A coordinator on the tiny data set, with a server before it. */
async function served() {
  const m = await machine();
  const mine = join(m.root, "mine");
  await Deno.mkdir(mine);
  for (const part of parts) {
    const { name } = tiny.definition.files[part];
    await Deno.writeFile(join(mine, name), tiny.plain[part]);
  }
  const found = await findDataset(tiny.definition, {
    ...m.options,
    dataDir: mine,
  });
  const lines: string[] = [];
  const swarm = await openSwarm({
    plan: planStudy(parseStudy(JSON.stringify({
      id: "tiny",
      title: { en: "Tiny" },
      dataset: tiny.definition,
      searchSpace: { points: [{ dropout1: 0.5 }] },
      replicates: 1,
      recipe: { epochs: 1, hiddenSizes: [4, 4] },
    }))),
    dataset: found.manifest,
    dataFolder: found.folder,
    trustWorkers: true,
    log: (level, message) => lines.push(`${level}: ${message}`),
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => swarm.fetch(request, info),
  );
  const away = join(m.root, "away");
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    manifest: found.manifest,
    folder: found.folder,
    lines: () => lines.filter((line) => /data file/.test(line)),
    root: m.root,
    takeAway: () => Deno.rename(found.folder, away),
    putBack: () => Deno.rename(away, found.folder),
    async [Symbol.asyncDispose]() {
      swarm.endStreams();
      await server.shutdown();
      await swarm.close();
      await m[Symbol.asyncDispose]();
    },
  };
}

Deno.test("openSwarm: while its data files are away it answers 503 and says so once, and recovers", async () => {
  await using coordinator = await served();
  const { url, manifest: { files } } = coordinator;
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    const { status, headers } = response;
    const body = await response.bytes();
    return { status, headers, text: new TextDecoder().decode(body) };
  };
  assert.equal((await get(files.trainImages.path)).status, 200);
  await coordinator.takeAway();
  for (const { path } of [...Object.values(files), files.testLabels]) {
    const { status, headers, text } = await get(path);
    assert.equal(status, 503);
    assert.equal(headers.get("retry-after"), "10");
    assert.equal(headers.get("cache-control"), "no-store");
    const problem = JSON.parse(text);
    assert.equal(problem.type, "unavailable");
    assert.equal(problem.title, "The coordinator's data set is missing");
    assert.match(problem.detail, /this coordinator's data files are missing/);
  }
  // A file that the data set never had is still unknown.
  assert.equal((await get(`/data/${"0".repeat(64)}.gz`)).status, 404);
  await coordinator.putBack();
  const back = Object.values(files).map(({ path }) => get(path));
  for (const { status } of await Promise.all(back)) assert.equal(status, 200);
  assert.deepEqual(coordinator.lines(), [
    "error: data files are missing or damaged",
    "warn: data files are back",
  ]);
});

Deno.test("findDataset: a second coordinator on a cache replaces no file that the first one serves", async () => {
  await using coordinator = await served();
  const { url, root, folder, manifest } = coordinator;
  // The same content in other sizes, and one file that is damaged.
  const theirs = join(root, "theirs");
  await Deno.mkdir(theirs);
  for (const part of parts) {
    const { name } = tiny.definition.files[part];
    const bytes = Uint8Array.from(gzipSync(tiny.plain[part], { level: 1 }));
    await Deno.writeFile(join(theirs, `${name}.gz`), bytes);
    assert.notEqual(bytes.length, manifest.files[part].compressedBytes);
  }
  const { testLabels } = manifest.files;
  const damaged = join(folder, `${testLabels.sha256}.gz`);
  await Deno.writeTextFile(damaged, "damaged");
  const second = await findDataset(tiny.definition, {
    cacheDir: folder,
    dataDir: theirs,
    downloads: false,
    debian: null,
  });
  for (const part of ["trainImages", "trainLabels", "testImages"] as const) {
    assert.deepEqual(second.manifest.files[part], manifest.files[part]);
  }
  // Only the damaged one was replaced; the first coordinator serves it, too.
  const told = second.manifest.files.testLabels.compressedBytes;
  assert.notEqual(told, testLabels.compressedBytes);
  const { status, headers } = await fetch(`${url}${testLabels.path}`, {
    method: "HEAD",
  });
  assert.deepEqual([status, headers.get("content-length")], [200, `${told}`]);
  const client = createClient({ url });
  const dataset = await fetchDataset(manifest, {
    store: { read: () => Promise.resolve(null), put: async () => {} },
    download: client.data,
    signal: new AbortController().signal,
  });
  assert.equal(dataset.test.labels.length, 20);
  assert.deepEqual(coordinator.lines(), []);
});

Deno.test("runDenoWorker waits for a coordinator's data, blames nobody and goes on", async () => {
  await using coordinator = await served();
  await coordinator.takeAway();
  const leaving = new AbortController();
  const events: SessionEvent[] = [];
  const end = await runDenoWorker({
    url: coordinator.url,
    threads: 1,
    backend: "cpu",
    cacheDir: join(coordinator.root, "volunteer"),
    signal: leaving.signal,
    onEvent: (event) => {
      events.push(event);
      if (event.type === "waiting") leaving.abort();
    },
  });
  assert.deepEqual(end, { reason: "left" });
  assert.deepEqual(
    events.map(({ type }) => type),
    ["registered", "waiting", "stopped"],
  );
  const waiting = events.find(({ type }) => type === "waiting");
  assert.ok(waiting !== undefined);
  assert.match(
    describeEvent(waiting) ?? "",
    /^thread 1: the coordinator cannot send its data set now; asks again/,
  );
});

/** A trainer that loads its data from a client before it starts. */
function loading(load: () => Promise<void>) {
  const { swarm, run, of, trainers, clock } = scene({ trials: 1 });
  return {
    of,
    swarm,
    clock,
    run: () =>
      run({
        startTrainer: async (request, signal) => {
          await load();
          return await trainers.start(request, signal);
        },
      }),
  };
}

Deno.test("runSession: waits while the coordinator's data set is away, then trains", async () => {
  const client = createClient({
    url: "http://127.0.0.1:1",
    fetch: () =>
      Promise.resolve(
        new Response(
          JSON.stringify({
            type: "unavailable",
            title: "The coordinator's data set is missing",
            status: 503,
            detail: "this coordinator's data files are missing on its disk",
          }),
          { status: 503, headers: { "retry-after": "10" } },
        ),
      ),
  });
  let times = 0;
  const { run, of, clock, swarm } = loading(async () => {
    // More often than a device may fail.
    if (times++ >= 8) return;
    const file = tiny.manifest.files.testLabels;
    await client.data(file, () => {}, new AbortController().signal);
  });
  assert.deepEqual(await run(), { reason: "study-complete" });
  assert.equal(swarm.results.size, 1);
  assert.deepEqual(of("trainer-failed"), []);
  assert.deepEqual(of("connection-lost"), []);
  const waits = of("waiting").filter(({ reason }) => reason === "no-data");
  assert.equal(waits.length, 8);
  assert.ok(waits.every(({ seconds }) => seconds >= 10));
  assert.ok(clock.now >= 80_000);
});

Deno.test("createTrainerPool: data that cannot be trained on are the data's fault, and end the session", async () => {
  const start = createTrainerPool({
    spawn: () => {
      throw new Error("no thread in this test");
    },
    choice: "cpu",
    files: () => Promise.reject(new Error("no files in this test")),
    loadDataset: (manifest, signal) =>
      fetchDataset(manifest, {
        store: { read: () => Promise.resolve(null), put: async () => {} },
        download: ({ sha256 }) => {
          const part = parts.find((one) =>
            tiny.manifest.files[one].sha256 === sha256
          );
          assert.ok(part !== undefined);
          return Promise.resolve(tiny.gzip[part]);
        },
        signal,
      }),
  });
  const dataset = { ...tiny.manifest, classes: 5 };
  const { signal } = new AbortController();
  const error = await start({ slot: 0, dataset, failedBackends: [] }, signal)
    .then(() => null, (error: unknown) => error);
  assert.ok(error instanceof UnusableDataError);

  const { run, of } = scene({ trials: 1 });
  const end = await run({ startTrainer: () => Promise.reject(error) });
  assert.ok(end.reason === "failed");
  assert.equal(end.failure, "data");
  assert.match(
    end.message,
    /^the coordinator's data cannot be trained on, which this device cannot mend: data set tiny: trainLabels holds the label 5 .*; tell the host of the study$/,
  );
  assert.deepEqual(of("trainer-failed"), []);
});

Deno.test("runSession: a data file that the coordinator does not have ends the session and blames the data", async () => {
  const problem = {
    type: "not-found",
    title: "There is no such thing",
    status: 404,
    detail: "there is no such data file",
  } as const;
  const { run, of } = scene({ trials: 1 });
  const end = await run({
    startTrainer: () => Promise.reject(new ProblemError(problem)),
  });
  assert.ok(end.reason === "failed");
  assert.equal(end.failure, "data");
  assert.match(end.message, /there is no such data file/);
  assert.deepEqual(of("trainer-failed"), []);
});
