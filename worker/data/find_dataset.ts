import {
  type DatasetDefinition,
  type DatasetFile,
  type DatasetFileName,
  type DatasetManifest,
  MOST_DATASET_BYTES,
} from "../../protocol/study.ts";
import {
  DataCacheError,
  type DatasetFolder,
  datasetFolder,
  type StoredFile,
  WrongFileError,
} from "./dataset_folder.ts";
import {
  download,
  type DownloadProgress,
  type RunCommand,
  runCommand,
  SourceError,
  takeFromFolder,
  unpackDebianPackage,
  UnreachableError,
} from "./dataset_sources.ts";
import { type DebianPackage, debianPackages } from "./fashion_mnist.ts";
import { checkIdxDataset, IdxError } from "./idx.ts";

/** Where to look for a data set, and callbacks. */
export interface FindDatasetOptions {
  /** A folder that the user chose: searched first. */
  readonly dataDir?: string | undefined;
  /** Where files are stored, as `<sha256>.gz`. */
  readonly cacheDir: string;
  /** False: search only this machine. Default true. */
  readonly downloads?: boolean;
  /** Receives one line for each refused or fetched file. */
  readonly log?: (line: string) => void;
  /** Progress of downloads. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Aborts the search. */
  readonly signal?: AbortSignal;
  /**
   * The download from a mirror that sends nothing for this many milliseconds is
   * aborted. Default 30,000.
   */
  readonly stallMilliseconds?: number;
  /** Default: the data set's known package. Null: none. */
  readonly debian?: DebianPackage | null;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Runs apt-get and dpkg-deb. Default: starts processes. */
  readonly run?: RunCommand;
}

/** A data set on this machine's disk, all files checked. */
export interface FoundDataset {
  /** As the coordinator serves it: the files are `<folder>/<sha256>.gz`. */
  readonly manifest: DatasetManifest;
  /** The cache folder with the files. */
  readonly folder: string;
  /** Source of each file, as text for people. */
  readonly sources: Readonly<Record<DatasetFileName, string>>;
}

/** No source has the data set; the message lists them and says what to do. */
export class DatasetNotFoundError extends Error {
  /** The error's name, which identifies it across threads. */
  override readonly name = "DatasetNotFoundError";
}

/**
 * Finds a data set's four files: in the user's folder, in the cache, where
 * Debian's package installs them, on the mirrors, and in Debian's package,
 * downloaded for this. Whatever the source, the decompressed bytes must have
 * the right SHA-256, and all four must be a data set that can be trained on. The
 * files end up in the cache. For Deno.
 *
 * @throws {DatasetNotFoundError} if no source has a file.
 * @throws {IdxError} if the files are no data set; its line names the file.
 */
export async function findDataset(
  definition: DatasetDefinition,
  options: FindDatasetOptions,
): Promise<FoundDataset> {
  const { dataDir, log = () => {} } = options;
  if (dataDir !== undefined) await mustBeFolder(dataDir);
  const cache = datasetFolder(options.cacheDir);
  await cache.sweep(Date.now());
  await using scratch = lazyTempFolder();
  const lookups = sourcesOf(definition, cache, scratch.path, options);

  const find = async (name: DatasetFileName): Promise<[StoredFile, string]> => {
    const file = definition.files[name];
    const tried: string[] = [];
    for (const { source, look } of lookups(file)) {
      options.signal?.throwIfAborted();
      try {
        return [await look(), source];
      } catch (error) {
        if (error instanceof DataCacheError) {
          throw new DatasetNotFoundError(
            `data set ${definition.name} cannot be stored: ${error.message}`,
          );
        }
        if (error instanceof WrongFileError) {
          log(`${file.name} from ${source} refused: ${error.message}`);
        } else if (!(error instanceof SourceError)) {
          throw error;
        }
        tried.push(`${source}: ${error.message}`);
      }
    }
    throw new DatasetNotFoundError(
      [
        `data set ${definition.name}: no source has ${file.name}`,
        ...tried.map((line) => `  ${line}`),
        `  put the four files, compressed with gzip or not, into a folder and start with --data DIR`,
      ].join("\n"),
    );
  };

  const found = {
    trainImages: await find("trainImages"),
    trainLabels: await find("trainLabels"),
    testImages: await find("testImages"),
    testLabels: await find("testLabels"),
  };
  const files = {
    trainImages: found.trainImages[0],
    trainLabels: found.trainLabels[0],
    testImages: found.testImages[0],
    testLabels: found.testLabels[0],
  };
  checkFiles(definition, files, log);
  const served = ({ sha256, compressedBytes, bytes }: StoredFile) => ({
    sha256,
    compressedBytes,
    bytes,
    path: `/data/${sha256}.gz`,
  });
  return {
    manifest: {
      name: definition.name,
      classes: definition.classes,
      files: {
        trainImages: served(files.trainImages),
        trainLabels: served(files.trainLabels),
        testImages: served(files.testImages),
        testLabels: served(files.testLabels),
      },
    },
    folder: cache.directory,
    sources: {
      trainImages: found.trainImages[1],
      trainLabels: found.trainLabels[1],
      testImages: found.testImages[1],
      testLabels: found.testLabels[1],
    },
  };
}

/**
 * Checks what the files mean, of which their hashes say nothing: otherwise every
 * volunteer would download them and fail.
 *
 * @throws {IdxError}
 */
function checkFiles(
  { name, classes, files }: DatasetDefinition,
  stored: Readonly<Record<DatasetFileName, StoredFile>>,
  log: (line: string) => void,
): void {
  const scanned = (part: DatasetFileName) => ({
    name: `data set ${name}: ${part} (${files[part].name})`,
    facts: stored[part].facts,
  });
  const { train, test } = checkIdxDataset(classes, {
    trainImages: scanned("trainImages"),
    trainLabels: scanned("trainLabels"),
    testImages: scanned("testImages"),
    testLabels: scanned("testLabels"),
  });
  const all = Object.values(stored);
  const size = all.reduce((sum, { bytes }) => sum + bytes, 0);
  if (size > MOST_DATASET_BYTES) {
    throw new IdxError(
      `data set ${name}: its files have ${size} bytes together; workers take ` +
        `at most ${MOST_DATASET_BYTES}`,
    );
  }
  if (train < test) {
    log(
      `data set ${name}: ${train} images for training, ${test} for testing; ` +
        "if they are exchanged, correct the study file",
    );
  }
  if (stored.trainImages.sha256 === stored.testImages.sha256) {
    log(`data set ${name}: trained and tested on the same images`);
  }
}

/** One source, with its name for error messages. */
interface Lookup {
  readonly source: string;
  readonly look: () => Promise<StoredFile>;
}

/** The sources of each file of a data set, in order. */
function sourcesOf(
  definition: DatasetDefinition,
  cache: DatasetFolder,
  scratch: () => Promise<string>,
  options: FindDatasetOptions,
): (file: DatasetFile) => Lookup[] {
  const { dataDir, downloads = true, log = () => {} } = options;
  const debian = options.debian === undefined
    ? debianPackages.get(definition.name) ?? null
    : options.debian;
  // A host that did not answer is not asked for other files.
  const silent = new Map<string, string>();
  let unpacked: Promise<string> | undefined;

  const folder = (source: string, path: string) => (file: DatasetFile) => ({
    source,
    look: () => takeFromFolder(path, file, cache),
  });
  const mirrors = (file: DatasetFile): Lookup[] =>
    file.urls.map((url) => ({
      source: url,
      look: async () => {
        const host = new URL(url).host;
        const before = silent.get(host);
        if (before !== undefined) throw new SourceError(before);
        log(`downloading ${url}`);
        try {
          return await download(url, file, cache, {
            fetch: options.fetch ?? fetch,
            stallMilliseconds: options.stallMilliseconds ?? 30_000,
            onProgress: options.onProgress ?? (() => {}),
            signal: options.signal,
          });
        } catch (error) {
          if (error instanceof UnreachableError) {
            silent.set(host, error.message);
          }
          if (error instanceof SourceError) log(`  failed: ${error.message}`);
          throw error;
        }
      },
    }));
  const aptGet = (name: DebianPackage) => (file: DatasetFile): Lookup => ({
    source: `apt-get download ${name.name}`,
    look: async () => {
      unpacked ??= (async () => {
        log(`getting Debian's package ${name.name}`);
        return await unpackDebianPackage(
          name,
          await scratch(),
          options.run ?? runCommand,
          options.signal,
        );
      })();
      return await takeFromFolder(await unpacked, file, cache);
    },
  });
  const inCache = (file: DatasetFile): Lookup => ({
    source: `cache ${cache.directory}`,
    look: async () => {
      const found = await cache.check(file.sha256);
      if (found === null) throw new SourceError("not there");
      return found;
    },
  });

  return (file) => [
    ...(dataDir === undefined ? [] : [folder(dataDir, dataDir)(file)]),
    inCache(file),
    ...(debian === null ? [] : [folder(debian.folder, debian.folder)(file)]),
    ...(downloads ? mirrors(file) : []),
    ...(downloads && debian !== null ? [aptGet(debian)(file)] : []),
  ];
}

async function mustBeFolder(path: string): Promise<void> {
  const info = await Deno.stat(path).catch(() => null);
  if (info?.isDirectory) return;
  throw new DatasetNotFoundError(
    info === null
      ? `--data: the folder does not exist: ${path}`
      : `--data: not a folder: ${path}; unpack it if it is an archive, and ` +
        "name the folder that holds the files",
  );
}

/**
 * A folder that is created at the first call of `path` and deleted on disposal.
 */
function lazyTempFolder() {
  let made: Promise<string> | undefined;
  return {
    path: () => made ??= Deno.makeTempDir({ prefix: "dataset-" }),
    async [Symbol.asyncDispose]() {
      if (made === undefined) return;
      await Deno.remove(await made, { recursive: true });
    },
  };
}
