import { join } from "node:path";
import {
  type Handler,
  listen,
  type Listening,
  StartError,
} from "../../coordinator/http/server.ts";
import { openSwarm } from "../../coordinator/open_swarm.ts";
import {
  DatasetDefinition,
  type DatasetManifest,
  StudyDefinition,
} from "../../protocol/study.ts";
import { planStudy } from "../../coordinator/study/plan.ts";
import {
  createWebAssets,
  type WebAssets,
  type WebFile,
} from "../../web/build/assets.ts";
import { buildPages } from "../../web/build/main.ts";
import { findDataset } from "../../worker/data/find_dataset.ts";
import { writeTinyDataset } from "../tiny_dataset.ts";

/** A whole coordinator for browsers to join: real time, HTTP, storage, pages. */
export interface TestCoordinator {
  readonly origin: string;
  /** Of the study's data set, for those who load it without HTTP. */
  readonly dataset: DatasetManifest;
  /** Ends it, as a crash would: workers hear nothing. */
  stop(): Promise<void>;
  /** Starts it again where it was, under the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface TestStudy {
  readonly points: readonly (readonly [number, number])[];
  readonly replicates?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly hiddenSizes?: readonly [number, number];
  readonly trainImages?: number;
  /** JavaScript that runs in each trainer thread before its own. */
  readonly threadPrelude?: string;
  /** The address that others use. */
  readonly publicUrl?: string;
  /** More scripts to serve, by path. */
  readonly scripts?: Readonly<Record<string, string>>;
}

let built: Promise<string> | undefined;

/** The folder of the built pages. */
export function builtPages(): Promise<string> {
  return built ??= buildPages().then(({ dir }) => dir);
}

let lastPort = 0;

/**
 * Serves on the port of this file's server before, once that is free: browsers
 * go on with the process that they have for the address. Else on a free one.
 */
export function listenAgain(handler: Handler): Listening {
  let server: Listening;
  try {
    server = listen("127.0.0.1", lastPort, handler);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    server = listen("127.0.0.1", 0, handler);
  }
  lastPort = Number(new URL(server.url).port);
  return server;
}

/** Starts a coordinator with a tiny study on a port of this machine. */
export async function startTestCoordinator(
  study: TestStudy,
): Promise<TestCoordinator> {
  const folder = await Deno.makeTempDir({ prefix: "swarm-browser-" });
  const tiny = await writeTinyDataset(folder, study.trainImages ?? 600, 200);
  const definition = StudyDefinition.parse({
    id: "tiny",
    title: { en: "A tiny study", zh: "小研究" },
    dataset: tiny.definition,
    searchSpace: {
      points: study.points.map(([dropout1, dropout2]) => ({
        dropout1,
        dropout2,
      })),
    },
    replicates: study.replicates ?? 1,
    recipe: {
      epochs: study.epochs ?? 2,
      batchSize: study.batchSize ?? 100,
      hiddenSizes: study.hiddenSizes ?? [32, 32],
    },
  });
  const dataset = await findDataset(
    DatasetDefinition.parse(tiny.definition),
    { dataDir: folder, cacheDir: join(folder, "cache"), downloads: false },
  );
  const assets = changedAssets(
    await createWebAssets(await builtPages()),
    study,
  );
  const run = async (port?: number) => {
    const swarm = await openSwarm({
      plan: planStudy(definition),
      dataset: dataset.manifest,
      dataFolder: dataset.folder,
      assets,
      database: join(folder, "swarm.db"),
      // No test waits for a lease to expire, and none may on a busy machine.
      leaseSeconds: 120,
      ...study.publicUrl !== undefined && { publicUrl: study.publicUrl },
    });
    const server = port === undefined
      ? listenAgain(swarm.fetch)
      : listen("127.0.0.1", port, swarm.fetch);
    return {
      url: server.url,
      end: async () => {
        // Ends the streams, which would keep the server.
        await swarm.close();
        await server.shutdown();
      },
    };
  };

  let running: Awaited<ReturnType<typeof run>> | undefined = await run();
  const origin = running.url;
  const stop = async () => {
    await running?.end();
    running = undefined;
  };
  return {
    origin,
    dataset: dataset.manifest,
    stop,
    restart: async () => {
      await stop();
      running = await run(Number(new URL(origin).port));
    },
    close: async () => {
      await stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The built pages with what a test changes of them. */
function changedAssets(
  assets: WebAssets,
  { threadPrelude, scripts = {} }: TestStudy,
): WebAssets {
  return {
    report: assets.report,
    paths: [...assets.paths, ...Object.keys(scripts)],
    find: async (path, acceptEncoding) => {
      const script = scripts[path];
      if (script !== undefined) return scriptFile(script);
      if (threadPrelude === undefined || !path.includes("/trainer-")) {
        return await assets.find(path, acceptEncoding);
      }
      const file = await assets.find(path);
      if (file === null) return null;
      const code = await new Response(await file.open()).text();
      return scriptFile(`${threadPrelude}\n${code}`);
    },
  };
}

function scriptFile(code: string): WebFile {
  const body = new TextEncoder().encode(code);
  return {
    bytes: body.length,
    etag: `"${body.length}"`,
    encoding: null,
    open: () => Promise.resolve(new Blob([body]).stream()),
  };
}
