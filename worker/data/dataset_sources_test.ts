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
import { type DownloadProgress, runCommand } from "./dataset_sources.ts";
import { findDataset } from "./find_dataset.ts";

Deno.test("findDataset: downloads over real HTTP, mirror after mirror, with progress", async () => {
  await using m = await machine();
  const asked: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const path = new URL(request.url).pathname;
      asked.push(path);
      const part = parts.find((part) =>
        path === `/good/${tiny.definition.files[part].name}.gz`
      );
      if (path.startsWith("/empty/")) {
        return new Response("no", { status: 404 });
      }
      if (path.startsWith("/other/")) return new Response("<html>");
      return part === undefined
        ? new Response("no", { status: 500 })
        : new Response(tiny.gzip[part]);
    },
  );
  const { port } = server.addr;
  const tiny = tinyDataset({
    urls: (name) =>
      ["empty", "other", "good"].map((mirror) =>
        `http://127.0.0.1:${port}/${mirror}/${name}.gz`
      ),
  });
  const progress: DownloadProgress[] = [];
  const found = await findDataset(tiny.definition, {
    ...m.options,
    fetch,
    onProgress: (p) => progress.push(p),
  });
  await assertServable(found.manifest, found.folder, tiny);
  assert.match(found.sources.trainImages, /\/good\/train-images/);
  assert.deepEqual(asked.slice(0, 3), [
    "/empty/train-images-idx3-ubyte.gz",
    "/other/train-images-idx3-ubyte.gz",
    "/good/train-images-idx3-ubyte.gz",
  ]);
  const log = m.log.join("\n");
  assert.match(log, /empty\/train-images.*\n {2}failed: HTTP 404/);
  assert.match(log, /other\/train-images.* refused: SHA-256/);
  const last = progress.filter(({ file, done }) =>
    done && file === "train-images-idx3-ubyte"
  );
  assert.deepEqual(
    last.map(({ receivedBytes, totalBytes }) => [
      receivedBytes,
      totalBytes,
    ]),
    [[tiny.gzip.trainImages.length, tiny.gzip.trainImages.length]],
  );
});

Deno.test("findDataset: asks a host that does not answer once, not for each file", async () => {
  await using m = await machine();
  const folder = join(m.root, "debian");
  const asked: string[] = [];
  const tiny = tinyDataset({
    urls: (name) => [`https://dead.example/${name}`],
  });
  await assert.rejects(
    findDataset(tiny.definition, {
      ...m.options,
      debian: { name: "dataset-tiny", folder },
      fetch: (input) => {
        asked.push(String(input));
        return Promise.reject(new TypeError("dns error"));
      },
      run: async (command, args, cwd) => {
        if (command === "dpkg-deb") {
          // All files but one, so that the search for the earlier files
          // succeeds.
          await writeFiles(join(cwd, folder), tiny, "gzip");
          await Deno.remove(join(cwd, folder, "t10k-labels-idx1-ubyte.gz"));
        } else if (args.includes("download")) {
          await Deno.writeTextFile(join(cwd, "tiny_1_all.deb"), "");
        }
        return { code: 0, stderr: "" };
      },
    }),
    /no source has t10k-labels-idx1-ubyte/,
  );
  assert.deepEqual(asked, ["https://dead.example/train-images-idx3-ubyte"]);
});

Deno.test("findDataset: aborts the download from a mirror that stalls", async () => {
  await using m = await machine();
  const tiny = tinyDataset({
    urls: (name) => [`https://slow.example/${name}`],
  });
  await assert.rejects(
    findDataset(tiny.definition, {
      ...m.options,
      stallMilliseconds: 10,
      fetch: (_, init) =>
        new Promise((_, reject) =>
          init?.signal?.addEventListener(
            "abort",
            () => reject(init.signal?.reason),
          )
        ),
    }),
    /https:\/\/slow\.example\/.*: no data for 0\.01 s/,
  );
});

Deno.test("findDataset: unpacks Debian's package, after apt-get update if needed", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const debian = { name: "dataset-tiny", folder: "/nowhere/datasets/tiny" };
  const { commands, run } = aptGet(tiny, debian.folder, { yes: false });
  const found = await findDataset(tiny.definition, {
    ...m.options,
    debian,
    run,
  });
  assert.deepEqual(commands, [
    "apt-get download",
    "apt-get update",
    "apt-get download",
    "dpkg-deb -x",
  ]);
  assert.equal(found.sources.testLabels, "apt-get download dataset-tiny");
  await assertServable(found.manifest, found.folder, tiny);
});

Deno.test("findDataset: a forbidden apt-get update does not hide the first error", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  const debian = { name: "dataset-tiny", folder: "/nowhere/datasets/tiny" };
  const { commands, run } = aptGet(tiny, debian.folder, {
    yes: false,
    mayUpdate: false,
  });
  await assert.rejects(
    findDataset(tiny.definition, { ...m.options, debian, run }),
    /apt-get download dataset-tiny: apt-get failed: E: Unable to locate package/,
  );
  assert.deepEqual(commands, ["apt-get download", "apt-get update"]);
});

Deno.test("findDataset: reports that apt-get is missing", async () => {
  await using m = await machine();
  const tiny = tinyDataset();
  await assert.rejects(
    findDataset(tiny.definition, {
      ...m.options,
      debian: { name: "dataset-tiny", folder: "/nowhere/tiny" },
      run: (_command, args, cwd, signal) =>
        runCommand("no-such-command", args, cwd, signal),
    }),
    /apt-get download .*: no-such-command is missing on this machine, or may not be run/,
  );
});
