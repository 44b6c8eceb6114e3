import { join } from "node:path";
import type { DatasetFile } from "../../protocol/study.ts";
import { cleanText } from "../../protocol/text.ts";
import { networkReason } from "../client.ts";
import type { DebianPackage } from "./fashion_mnist.ts";
import {
  type DatasetFolder,
  openIfThere,
  sha256OfFile,
  type StoredFile,
  WrongFileError,
} from "./dataset_folder.ts";
import { readChunks } from "./gzip.ts";

/** Sources of a data set's files, in Deno. */

/** A source does not have the file. The message says why. */
export class SourceError extends Error {
  override readonly name = "SourceError";

  /** The message may quote a server, or the name of a file from an archive. */
  constructor(message: string) {
    super(cleanText(message));
  }
}

/** A server does not answer: it is not asked for other files. */
export class UnreachableError extends SourceError {}

/** Progress of a download. */
export interface DownloadProgress {
  /** The file's name in the data set's definition. */
  readonly file: string;
  /** The source's address. */
  readonly url: string;
  /** Bytes received so far, as transferred. */
  readonly receivedBytes: number;
  /** Total bytes; null if the server does not send a length. */
  readonly totalBytes: number | null;
  /** Whether the whole file has arrived and is correct. */
  readonly done: boolean;
}

/** Runs a command in a folder until it ends. */
export type RunCommand = (
  command: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal | undefined,
) => Promise<{ readonly code: number; readonly stderr: string }>;

/**
 * Looks for a file in a folder, gzip or not, under its name, the names that
 * mirrors and archives give it, or `<sha256>.gz`.
 *
 * @throws {SourceError} if it is missing; it names what is there instead.
 * @throws {WrongFileError} if it is another file.
 */
export async function takeFromFolder(
  folder: string,
  file: DatasetFile,
  into: DatasetFolder,
): Promise<StoredFile> {
  const names = [...namesOf(file.name), `${file.sha256}.gz`];
  let wrong: WrongFileError | undefined;
  for (const name of names) {
    const found = await openToRead(join(folder, name));
    if (found === null) continue;
    try {
      return await into.add(found.readable, file.sha256);
    } catch (error) {
      if (!(error instanceof WrongFileError)) throw error;
      // Another name may be the right file's; the first one is reported.
      wrong ??= await sumOfCompressed(join(folder, name), file, error) ?? error;
    }
  }
  if (wrong !== undefined) throw wrong;
  const others = await archivesIn(folder);
  throw new SourceError(
    `${file.name}.gz is not there` +
      (others.length === 0
        ? ""
        : `; unpack or convert what is there: ${others.join(", ")}`),
  );
}

/**
 * A file's name, then the same with MNIST's endings as mirrors write them:
 * `x-idx3-ubyte`, `x.idx3-ubyte`, `x`, each also with `.gz`, and in a folder of
 * its own name, as some archives unpack it.
 */
function namesOf(name: string): string[] {
  const plain = name.replace(/\.gz$/, "");
  const [ending = ""] = /[.-]idx\d-ubyte$/.exec(plain) ?? [];
  const base = plain.slice(0, plain.length - ending.length);
  const kind = ending.slice(1) ||
    (/label/i.test(base) ? "idx1-ubyte" : "idx3-ubyte");
  const all = [plain, `${base}-${kind}`, `${base}.${kind}`, base];
  return [...new Set(all)].flatMap((one) => [
    `${one}.gz`,
    one,
    join(one, one),
  ]);
}

/** Names of files that people download and that are no IDX files. */
async function archivesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (
        /\.(zip|npz|npy|csv|mat|h5|parquet|tar(\.\w+)?|t[gx]z|7z)$/i.test(name)
      ) {
        names.push(name);
      }
    }
  } catch {
    // Without a folder there is nothing to name.
  }
  return names.sort().slice(0, 5);
}

/** Most tools print the hash of a file as it is, so a study may have that. */
async function sumOfCompressed(
  path: string,
  { sha256 }: DatasetFile,
  { sha256: plain }: WrongFileError,
): Promise<WrongFileError | null> {
  if (plain === undefined || await sha256OfFile(path) !== sha256) return null;
  return new WrongFileError(
    `the study file has the SHA-256 of the compressed file; put that of the ` +
      `decompressed one there: ${plain}`,
  );
}

async function openToRead(path: string): Promise<Deno.FsFile | null> {
  try {
    return await openIfThere(path);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new SourceError(`not allowed to read ${path}`);
    }
    throw error;
  }
}

export interface DownloadOptions {
  readonly fetch: typeof fetch;
  /** The download from a mirror that sends nothing for this long is aborted. */
  readonly stallMilliseconds: number;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Downloads a file.
 *
 * @throws {SourceError} if the server does not deliver.
 * @throws {WrongFileError} if it delivers another file.
 */
export async function download(
  url: string,
  file: DatasetFile,
  into: DatasetFolder,
  options: DownloadOptions,
): Promise<StoredFile> {
  const stall = new AbortController();
  const seconds = options.stallMilliseconds / 1000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => stall.abort(new UnreachableError(`no data for ${seconds} s`)),
      options.stallMilliseconds,
    );
  };
  const signal = options.signal === undefined
    ? stall.signal
    : AbortSignal.any([stall.signal, options.signal]);
  try {
    rearm();
    const response = await options.fetch(url, { signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new SourceError(`HTTP ${response.status} ${response.statusText}`);
    }
    const length = Number(response.headers.get("content-length") ?? "");
    const totalBytes = length > 0 ? length : null;
    let receivedBytes = 0;
    const report = (done: boolean) =>
      options.onProgress({
        file: file.name,
        url,
        receivedBytes,
        totalBytes,
        done,
      });
    const counted = ReadableStream.from(async function* () {
      for await (const chunk of readChunks(response.body!)) {
        rearm();
        receivedBytes += chunk.length;
        report(false);
        yield chunk;
      }
    }());
    const stored = await into.add(counted, file.sha256);
    report(true);
    return stored;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (stall.signal.aborted) throw stall.signal.reason;
    // fetch throws this if the server cannot be reached.
    if (error instanceof TypeError) {
      throw new UnreachableError(networkReason(error));
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Without a network, apt would retry for minutes. */
const APT_OPTIONS = ["-q", "-o", "Acquire::http::Timeout=20"] as const;

/**
 * Downloads a Debian package and unpacks it under `folder`, without installing
 * it, so no privileges are needed. Returns the folder of its data files.
 *
 * @throws {SourceError} if apt-get is missing or fails.
 */
export async function unpackDebianPackage(
  debian: DebianPackage,
  folder: string,
  run: RunCommand,
  signal?: AbortSignal,
): Promise<string> {
  const must = async (command: string, ...args: string[]) => {
    const { code, stderr } = await run(command, args, folder, signal);
    signal?.throwIfAborted();
    if (code === 0) return;
    // The last error line; warnings come before it.
    const why = stderr.trim().split("\n").at(-1) || `status ${code}`;
    throw new SourceError(`${command} failed: ${why}`);
  };
  const get = () => must("apt-get", ...APT_OPTIONS, "download", debian.name);
  try {
    await get();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    // A new machine needs `apt-get update` first. Without the permission for
    // it, it fails at once, and the first error is more useful.
    await must("apt-get", ...APT_OPTIONS, "update").catch((refused) => {
      throw refused instanceof SourceError ? error : refused;
    });
    await get();
  }
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.name.endsWith(".deb")) continue;
    await must("dpkg-deb", "-x", join(folder, entry.name), folder);
    return join(folder, debian.folder);
  }
  throw new SourceError("apt-get download left no package");
}

/** Runs a command without input; a missing command is a SourceError. */
export const runCommand: RunCommand = async (command, args, cwd, signal) => {
  const limit = AbortSignal.timeout(300_000);
  try {
    const { code, stderr } = await new Deno.Command(command, {
      args: [...args],
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    }).output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  } catch (error) {
    // Deno throws this too if an allowed command does not exist.
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotCapable
    ) {
      throw new SourceError(
        `${command} is missing on this machine, or may not be run`,
      );
    }
    throw error;
  }
};
