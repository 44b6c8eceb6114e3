import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Sha256 } from "../../protocol/ids.ts";
import { notIdx } from "./file_kind.ts";
import { isGzip, readChunks } from "./gzip.ts";
import { type IdxFacts, scanIdx } from "./idx.ts";
import { sharedBytes } from "./dataset.ts";

/** A file of a content-addressed folder. */
export interface StoredFile {
  /** Hash of the decompressed bytes. */
  readonly sha256: Sha256;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** What its decompressed bytes say, gathered while they were hashed. */
  readonly facts: IdxFacts;
}

/** The bytes have the wrong hash. The message says why. */
export class WrongFileError extends Error {
  override readonly name = "WrongFileError";

  /** @param sha256 of the decompressed bytes; absent: they did not come whole. */
  constructor(message: string, readonly sha256?: string) {
    super(message);
  }
}

/** The folder cannot be written. */
export class DataCacheError extends Error {
  override readonly name = "DataCacheError";
}

/**
 * Larger than any IDX file that a page can train on, smaller than a gzip bomb.
 */
const MAX_BYTES = 1 << 30;

/**
 * A folder of gzip files named by the SHA-256 of their decompressed bytes,
 * `<sha256>.gz`. Two processes can fill the folder at once: files are written
 * under another name first, so nobody reads a partial one, and a right file is
 * never replaced, because a coordinator has told workers its size. For Deno.
 */
export interface DatasetFolder {
  readonly directory: string;
  path(sha256: Sha256): string;
  /**
   * Reads and checks a file. Null if it is missing.
   *
   * @throws {WrongFileError} if it is damaged.
   */
  check(sha256: Sha256): Promise<StoredFile | null>;
  /**
   * Stores a stream, gzip or not, if it has the right hash; returns the file
   * that is there already, if it is right.
   *
   * @throws {WrongFileError} if not; then nothing is stored.
   */
  add(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    sha256: Sha256,
  ): Promise<StoredFile>;
  /**
   * A file's decompressed bytes, in shared memory if possible, hashed while
   * they are copied there. Null if it is missing.
   *
   * @throws {WrongFileError} if it is damaged or has the wrong length.
   */
  read(
    file: { readonly sha256: Sha256; readonly bytes: number },
  ): Promise<Uint8Array | null>;
  /** Stores compressed bytes that were already checked, in the same way. */
  put(sha256: Sha256, compressed: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes partial files that are at least an hour old. */
  sweep(now: number): Promise<void>;
}

/** The data folder at `directory`, which is created at the first write. */
export function datasetFolder(
  directory: string,
  maxBytes: number = MAX_BYTES,
): DatasetFolder {
  const path = (sha256: Sha256) => join(directory, `${sha256}.gz`);

  const check = async (sha256: Sha256): Promise<StoredFile | null> => {
    const file = await openIfThere(path(sha256));
    if (file === null) return null;
    return await digest(file.readable, sha256, maxBytes, async () => {});
  };

  /** Puts a new file in its place, or returns the right one that is there. */
  const place = async (
    part: string,
    sha256: Sha256,
  ): Promise<StoredFile | null> => {
    try {
      // Replaces nothing, as a rename would.
      await Deno.link(part, path(sha256));
      return null;
    } catch {
      const there = await check(sha256).catch(() => null);
      // What is there is damaged, or this file system has no links.
      if (there === null) await Deno.rename(part, path(sha256));
      return there;
    }
  };

  const keep = async <Result>(
    sha256: Sha256,
    write: (file: Deno.FsFile) => Promise<Result>,
  ): Promise<Result | StoredFile> => {
    await makeFolder(directory);
    const part = join(directory, `.${sha256}.${crypto.randomUUID()}.part`);
    try {
      const result = await withFile(
        part,
        { write: true, createNew: true },
        async (file) => {
          const result = await write(file);
          // A power failure must not leave an empty file under the final name.
          await file.sync();
          return result;
        },
      );
      return await place(part, sha256) ?? result;
    } finally {
      await Deno.remove(part).catch(() => {});
    }
  };

  return {
    directory,
    path,
    check,
    add: (stream, sha256) =>
      keep(
        sha256,
        (file) =>
          digest(stream, sha256, maxBytes, (chunk) => writeAll(file, chunk)),
      ),
    async read({ sha256, bytes }) {
      const file = await openIfThere(path(sha256));
      if (file === null) return null;
      const out = sharedBytes(bytes);
      let length = 0;
      await digest(file.readable, sha256, maxBytes, async () => {}, (chunk) => {
        if (length + chunk.length > bytes) {
          throw new WrongFileError(`longer than ${bytes} bytes`);
        }
        out.set(chunk, length);
        length += chunk.length;
      });
      if (length === bytes) return out;
      throw new WrongFileError(`${length} bytes long, expected ${bytes}`);
    },
    async put(sha256, compressed) {
      await keep(sha256, (file) => writeAll(file, compressed));
    },
    async sweep(now) {
      try {
        for await (const { name } of Deno.readDir(directory)) {
          if (!name.endsWith(".part")) continue;
          const part = join(directory, name);
          const { mtime } = await Deno.stat(part);
          if (mtime !== null && now - mtime.getTime() > 3_600_000) {
            await Deno.remove(part);
          }
        }
      } catch {
        // The folder is missing, or another process cleans up too.
      }
    },
  };
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true });
    // The file may exist already and belong to another user.
    const probe = join(directory, `.${crypto.randomUUID()}.part`);
    await Deno.writeFile(probe, new Uint8Array());
    await Deno.remove(probe);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DataCacheError(`cannot write to ${directory}: ${why}`);
  }
}

/**
 * Hashes a stream, decompressed if it is gzip, and passes its compressed form
 * to `write` and the decompressed one to `see` in chunks, without keeping it in
 * memory.
 */
async function digest(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  expected: Sha256,
  maxBytes: number,
  write: (compressed: Uint8Array) => Promise<void>,
  see: (plain: Uint8Array) => void = () => {},
): Promise<StoredFile> {
  const hash = createHash("sha256");
  const scan = scanIdx();
  let bytes = 0;
  let compressedBytes = 0;
  const onPlain = (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new WrongFileError(`longer than ${maxBytes} bytes`);
    }
    hash.update(chunk);
    scan.see(chunk);
    see(chunk);
  };
  const onCompressed = async (chunk: Uint8Array) => {
    compressedBytes += chunk.length;
    if (compressedBytes > maxBytes) {
      throw new WrongFileError(`longer than ${maxBytes} bytes`);
    }
    await write(chunk);
  };
  const { gzip, whole } = await peek(stream);
  try {
    if (gzip) {
      const plain = whole.pipeThrough(tap(onCompressed))
        .pipeThrough(new DecompressionStream("gzip"));
      for await (const chunk of readChunks(plain)) onPlain(chunk);
    } else {
      const compressed = whole.pipeThrough(tap(onPlain))
        .pipeThrough(new CompressionStream("gzip"));
      for await (const chunk of readChunks(compressed)) {
        await onCompressed(chunk);
      }
    }
  } catch (error) {
    // DecompressionStream throws this for damaged or truncated input.
    if (error instanceof TypeError) {
      throw new WrongFileError(`damaged or truncated: ${error.message}`);
    }
    throw error;
  }
  const sum = hash.digest("hex");
  const facts = scan.facts();
  if (sum !== expected) {
    const foreign = notIdx(facts.head);
    throw new WrongFileError(
      `SHA-256 of its ${bytes} decompressed bytes is ${sum}, expected ` +
        expected + (foreign === null ? "" : `; the file ${foreign}`),
      sum,
    );
  }
  return { sha256: expected, compressedBytes, bytes, facts };
}

/** SHA-256 of a file as it is on the disk, in lower-case hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const chunk of readChunks(file.readable)) hash.update(chunk);
  return hash.digest("hex");
}

/** Detects gzip by the first two bytes and returns the complete stream. */
async function peek(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<{ gzip: boolean; whole: ReadableStream<Uint8Array<ArrayBuffer>> }> {
  const chunks = readChunks(stream);
  const head: Uint8Array<ArrayBuffer>[] = [];
  const start: number[] = [];
  while (start.length < 2) {
    const { done, value } = await chunks.next();
    if (done) break;
    head.push(value);
    start.push(...value.subarray(0, 2));
  }
  const whole = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = head.shift();
      if (next !== undefined) return controller.enqueue(next);
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return();
    },
  });
  return { gzip: isGzip(Uint8Array.from(start)), whole };
}

/** Passes each chunk to `see`, then on. */
function tap(
  see: (chunk: Uint8Array<ArrayBuffer>) => void | Promise<void>,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    async transform(chunk, controller) {
      await see(chunk);
      controller.enqueue(chunk);
    },
  });
}

async function writeAll(file: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    written += await file.write(chunk.subarray(written));
  }
}

async function withFile<Result>(
  path: string,
  options: Deno.OpenOptions,
  use: (file: Deno.FsFile) => Promise<Result>,
): Promise<Result> {
  using file = await Deno.open(path, options);
  return await use(file);
}

/** Null if the file is missing. */
export async function openIfThere(path: string): Promise<Deno.FsFile | null> {
  try {
    const file = await Deno.open(path);
    if ((await file.stat()).isFile) return file;
    file.close();
    return null;
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return null;
    throw error;
  }
}
