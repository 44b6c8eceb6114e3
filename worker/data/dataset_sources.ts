import { join } from "node:path";
import type { DatasetFile } from "../../protocol/study.ts";
import { networkReason } from "../client.ts";
import type { DebianPackage } from "./fashion_mnist.ts";
import {
  type DatasetFolder,
  openIfThere,
  type StoredFile,
} from "./dataset_folder.ts";
import { readChunks } from "./gzip.ts";

/** Sources of a data set's files, in Deno. */

/** A source does not have the file. The message says why. */
export class SourceError extends Error {
  override readonly name = "SourceError";
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
 * Looks for a file in a folder, as `NAME.gz`, `NAME` or `<sha256>.gz`.
 *
 * @throws {SourceError} if it is missing.
 * @throws {WrongFileError} if it is another file.
 */
export async function takeFromFolder(
  folder: string,
  file: DatasetFile,
  into: DatasetFolder,
): Promise<StoredFile> {
  const names = [`${file.name}.gz`, file.name, `${file.sha256}.gz`];
  for (const name of names) {
    const found = await openToRead(join(folder, name));
    if (found !== null) return await into.add(found.readable, file.sha256);
  }
  throw new SourceError(`${file.name}.gz is not there`);
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
