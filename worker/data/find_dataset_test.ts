import assert from "node:assert/strict";
import { join } from "node:path";
import {
  aptGet,
  assertServable,
  machine,
  parts,
  writeFiles,
} from "../../testing/worker/empty_machine.ts";
import { tinyDataset } from "../../testing/worker/tiny_dataset.ts";
import { fashionMnist } from "./fashion_mnist.ts";
import { findDataset } from "./find_dataset.ts";

Deno.test("findDataset: copies gzip files from the user's folder to the cache unchanged", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const dataDir = join(m.root, "mine");
  await writeFiles(dataDir, tiny, "gzip");
  const found = await findDataset(tiny.definition, { ...m.options, dataDir });
  assert.deepEqual(found.manifest, tiny.manifest);
  assert.equal(found.sources.trainImages, dataDir);
  await assertServable(found.manifest, found.folder, tiny);
});

Deno.test("findDataset: accepts uncompressed files and stores them compressed", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const dataDir = join(m.root, "mine");
  await writeFiles(dataDir, tiny, "plain");
  const found = await findDataset(tiny.definition, { ...m.options, dataDir });
  await assertServable(found.manifest, found.folder, tiny);
});

Deno.test("findDataset: finds files that an earlier run stored in the cache", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const dataDir = join(m.root, "mine");
  await writeFiles(dataDir, tiny, "gzip");
  await findDataset(tiny.definition, { ...m.options, dataDir });
  const again = await findDataset(tiny.definition, m.options);
  assert.equal(again.sources.trainImages, `cache ${m.options.cacheDir}`);
  assert.deepEqual(again.manifest, tiny.manifest);
});

Deno.test("findDataset: names and refuses a wrong file in the user's folder, then tries the next source", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const [dataDir, folder] = [join(m.root, "mine"), join(m.root, "debian")];
  await writeFiles(dataDir, tiny, "gzip");
  await writeFiles(folder, tiny, "gzip");
  const { name } = tiny.definition.files.testLabels;
  await Deno.writeFile(
    join(dataDir, `${name}.gz`),
    tinyDataset({ test: 30 }).gzip.testLabels,
  );
  const found = await findDataset(tiny.definition, {
    ...m.options,
    dataDir,
    debian: { name: "dataset-tiny", folder },
  });
  assert.equal(found.sources.trainLabels, dataDir);
  assert.equal(found.sources.testLabels, folder);
  assert.equal(m.log.length, 1);
  assert.match(
    m.log[0] ?? "",
    /t10k-labels-idx1-ubyte from .*mine refused: SHA-256/,
  );
  await assertServable(found.manifest, found.folder, tiny);
});

Deno.test("findDataset: a truncated file is refused as such", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const dataDir = join(m.root, "mine");
  await writeFiles(dataDir, tiny, "gzip");
  const { name } = tiny.definition.files.trainImages;
  const whole = tiny.gzip.trainImages;
  await Deno.writeFile(
    join(dataDir, `${name}.gz`),
    whole.subarray(0, whole.length - 20),
  );
  await assert.rejects(
    findDataset(tiny.definition, { ...m.options, dataDir }),
    {
      name: "DatasetNotFoundError",
      message: /mine: damaged or truncated/,
    },
  );
});

Deno.test("findDataset: a damaged file in the cache is replaced from the next source", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const folder = join(m.root, "debian");
  await writeFiles(folder, tiny, "gzip");
  const options = { ...m.options, debian: { name: "x", folder } };
  const first = await findDataset(tiny.definition, options);
  const { sha256 } = tiny.definition.files.trainImages;
  const path = join(first.folder, `${sha256}.gz`);
  const bytes = await Deno.readFile(path);
  bytes[bytes.length >> 1]! ^= 0xff;
  await Deno.writeFile(path, bytes);
  const second = await findDataset(tiny.definition, options);
  assert.equal(second.sources.trainImages, folder);
  assert.match(second.sources.testImages, /^cache /);
  await assertServable(second.manifest, second.folder, tiny);
});

Deno.test("findDataset: searches only this machine if downloads are off", async () => {
  await using m = await machine();
  const tiny = tinyDataset({ urls: (name) => [`https://x.example/${name}`] });
  const never = () => {
    throw new Error("unexpected download");
  };
  await assert.rejects(
    findDataset(tiny.definition, {
      ...m.options,
      debian: { name: "dataset-tiny", folder: join(m.root, "none") },
      downloads: false,
      fetch: never,
      run: never,
    }),
    { name: "DatasetNotFoundError" },
  );
});

Deno.test("findDataset: the error lists each source with its reason and says what to do", async () => {
  await using m = await machine();
  const tiny = tinyDataset({ urls: (name) => [`https://x.example/${name}`] });
  const dataDir = join(m.root, "mine");
  await Deno.mkdir(dataDir);
  const folder = join(m.root, "debian");
  const { run } = aptGet(tiny, folder, { yes: false, mayUpdate: false });
  const error = await findDataset(tiny.definition, {
    ...m.options,
    dataDir,
    debian: { name: "dataset-tiny", folder },
    run,
  }).catch((error) => error);
  assert.deepEqual(error.message.split("\n"), [
    "data set tiny: no source has train-images-idx3-ubyte",
    `  ${dataDir}: train-images-idx3-ubyte.gz is not there`,
    `  cache ${m.options.cacheDir}: not there`,
    `  ${folder}: train-images-idx3-ubyte.gz is not there`,
    "  https://x.example/train-images-idx3-ubyte: no network in this test",
    "  apt-get download dataset-tiny: apt-get failed: " +
    "E: Unable to locate package tiny",
    "  put the four files, compressed with gzip or not, into a folder and start with --data DIR",
  ]);
});

Deno.test("findDataset: a missing user's folder is an error, even if other sources have the files", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  await assert.rejects(
    findDataset(tiny.definition, { ...m.options, dataDir: "/no/such/folder" }),
    { message: "--data: the folder does not exist: /no/such/folder" },
  );
});

Deno.test("findDataset: a cache that cannot be written is one clear error", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const dataDir = join(m.root, "mine");
  await writeFiles(dataDir, tiny, "gzip");
  const file = join(m.root, "file");
  await Deno.writeTextFile(file, "");
  await assert.rejects(
    findDataset(tiny.definition, {
      ...m.options,
      dataDir,
      cacheDir: join(file, "cache"),
    }),
    {
      name: "DatasetNotFoundError",
      message:
        /^data set tiny cannot be stored: cannot write to .*file.cache: /,
    },
  );
});

Deno.test("findDataset: two searches can fill one cache at once and leave no partial files", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const dataDir = join(m.root, "mine");
  await writeFiles(dataDir, tiny, "plain");
  const options = { ...m.options, dataDir };
  const found = await Promise.all(
    Array.from({ length: 4 }, () => findDataset(tiny.definition, options)),
  );
  for (const { manifest, folder } of found) {
    await assertServable(manifest, folder, tiny);
  }
  const names = [...Deno.readDirSync(m.options.cacheDir)].map((e) => e.name);
  assert.deepEqual(
    names.sort(),
    parts.map((part) => `${tiny.definition.files[part].sha256}.gz`).sort(),
  );
});

Deno.test("findDataset: removes partial files that are an hour old, not younger ones", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  await Deno.mkdir(m.options.cacheDir, { recursive: true });
  const [old, young] = ["old", "young"].map((name) =>
    join(m.options.cacheDir, `.${name}.part`)
  );
  assert.ok(old !== undefined && young !== undefined);
  for (const path of [old, young]) await Deno.writeTextFile(path, "half");
  const twoHoursAgo = new Date(Date.now() - 7_200_000);
  await Deno.utime(old, twoHoursAgo, twoHoursAgo);
  await findDataset(tiny.definition, m.options).catch(() => {});
  const names = [...Deno.readDirSync(m.options.cacheDir)].map((e) => e.name);
  assert.deepEqual(names, [".young.part"]);
});

Deno.test("findDataset: an aborted search ends with the signal's reason", async () => {
  await using m = await machine();
  const tiny = tinyDataset({ urls: (name) => [`https://x.example/${name}`] });
  const leaving = new AbortController();
  await assert.rejects(
    findDataset(tiny.definition, {
      ...m.options,
      signal: leaving.signal,
      fetch: () => {
        leaving.abort(new Error("the user left"));
        return Promise.reject(new TypeError("aborted"));
      },
    }),
    { message: "the user left" },
  );
});

Deno.test({
  name: "findDataset: Debian's copy of Fashion-MNIST has the published hashes",
  ignore: !existsDebianCopy(),
  fn: async () => {
    await using m = await machine();
    const { debian: _, ...options } = m.options;
    const { manifest } = await findDataset(fashionMnist, {
      ...options,
      downloads: false,
    });
    // 16 bytes of header and 60,000 images of 28x28; 8 and as many labels.
    assert.equal(manifest.files.trainImages.bytes, 16 + 60_000 * 784);
    assert.equal(manifest.files.testLabels.bytes, 8 + 10_000);
  },
});

function existsDebianCopy(): boolean {
  try {
    return Deno.statSync("/usr/share/datasets/fashion-mnist").isDirectory;
  } catch {
    return false;
  }
}
