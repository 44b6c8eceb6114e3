import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatasetFileName, DatasetManifest } from "../../protocol/study.ts";
import type { RunCommand } from "../../worker/data/dataset_sources.ts";
import type { FindDatasetOptions } from "../../worker/data/find_dataset.ts";
import type { TinyDataset } from "./tiny_dataset.ts";

/** A machine for tests of data sources: its disk and its commands. */

export const parts = [
  "trainImages",
  "trainLabels",
  "testImages",
  "testLabels",
] as const satisfies readonly DatasetFileName[];

/** An empty machine without network and Debian, with a folder for the test. */
export async function machine() {
  const root = await Deno.makeTempDir({ prefix: "find-dataset-" });
  const log: string[] = [];
  const options: FindDatasetOptions = {
    cacheDir: join(root, "cache"),
    debian: null,
    fetch: () => Promise.reject(new TypeError("no network in this test")),
    run: () => Promise.reject(new Error("no commands in this test")),
    log: (line) => log.push(line),
  };
  return {
    root,
    log,
    options,
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

export async function writeFiles(
  folder: string,
  tiny: TinyDataset,
  form: "gzip" | "plain",
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const part of parts) {
    const { name } = tiny.definition.files[part];
    const file = form === "gzip" ? `${name}.gz` : name;
    await Deno.writeFile(join(folder, file), tiny[form][part]);
  }
}

/** Checks that the files have the manifest's sizes and the right bytes. */
export async function assertServable(
  manifest: DatasetManifest,
  folder: string,
  tiny: TinyDataset,
): Promise<void> {
  for (const part of parts) {
    const served = manifest.files[part];
    assert.equal(served.sha256, tiny.definition.files[part].sha256);
    assert.equal(served.path, `/data/${served.sha256}.gz`);
    assert.equal(served.bytes, tiny.plain[part].length);
    const compressed = await Deno.readFile(join(folder, `${served.sha256}.gz`));
    assert.equal(compressed.length, served.compressedBytes);
    const plain = new Response(
      new Blob([compressed]).stream()
        .pipeThrough(new DecompressionStream("gzip")),
    );
    assert.deepEqual(await plain.bytes(), tiny.plain[part]);
  }
}

/** Debian's commands, with a package that contains the data set. */
export function aptGet(
  tiny: TinyDataset,
  folder: string,
  knowsPackage: { yes: boolean; readonly mayUpdate?: boolean },
) {
  const commands: string[] = [];
  const run: RunCommand = async (command, args, cwd) => {
    const verb = args.find((arg) => /^(download|update|-x)$/.test(arg)) ?? "";
    commands.push(`${command} ${verb}`);
    switch (`${command} ${verb}`) {
      case "apt-get update":
        if (knowsPackage.mayUpdate === false) {
          return { code: 100, stderr: "E: Could not open lock file\n" };
        }
        knowsPackage.yes = true;
        return { code: 0, stderr: "" };
      case "apt-get download":
        if (!knowsPackage.yes) {
          return { code: 100, stderr: "E: Unable to locate package tiny\n" };
        }
        await Deno.writeTextFile(join(cwd, "tiny_1_all.deb"), "");
        return { code: 0, stderr: "" };
      case "dpkg-deb -x":
        await writeFiles(join(args.at(-1) ?? "", folder), tiny, "gzip");
        return { code: 0, stderr: "" };
      default:
        throw new Error(`unexpected: ${command} ${args.join(" ")}`);
    }
  };
  return { commands, run };
}
