import type { Leaderboard } from "../../protocol/leaderboard.ts";
import { itemPages } from "../../protocol/pages.ts";
import { pointKey } from "../../protocol/grid_point.ts";
import type { PointView } from "../../protocol/views.ts";
import { mediaType } from "../../coordinator/http/middleware/responses.ts";
import { createWebAssets } from "../../web/build/assets.ts";
import { trialPageOf } from "./fixture_trial.ts";
import { builtPages } from "./test_coordinator.ts";
import { type Visit, type VisitOptions, visitors } from "./visit.ts";

/**
 * The built pages over a leaderboard in the test's hands: what a coordinator
 * serves to a reader, with its security headers and nothing behind it.
 */
export interface FixtureServer {
  readonly origin: string;
  /** Shows another leaderboard and tells open pages. */
  show(leaderboard: Leaderboard): void;
  /** Begins again with this leaderboard, as if the server were new. */
  restart(leaderboard: Leaderboard): void;
  /** Sends an event as it stands to open pages. */
  send(event: unknown): void;
  /** Answers nothing but 503 while true, and ends the streams. */
  setAway(away: boolean): void;
  /** Requests so far, as `GET /path`. */
  readonly requests: readonly string[];
  /** Streams of events that are open. */
  streams(): number;
  close(): Promise<void>;
}

/** As strict as the coordinator's own. */
const headers = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "X-Content-Type-Options": "nosniff",
};

export interface BoardOptions extends VisitOptions {
  /** Default: `/`. */
  readonly path?: string;
}

/** A page over a leaderboard that the test can change. */
export interface BoardVisit extends Visit {
  readonly server: FixtureServer;
}

/** Like `visitors`, of pages over one server's leaderboards. */
export function boardVisitors() {
  const { visit, test } = visitors();
  let starting: Promise<FixtureServer> | undefined;
  Deno.test.afterAll(async () => {
    const server = await starting;
    starting = undefined;
    await server?.close();
  });
  return {
    test,
    /** Opens a page of another server. */
    visitAddress: visit,
    async visit(
      leaderboard: Leaderboard,
      { path = "/", ...options }: BoardOptions,
      run: (visit: BoardVisit) => Promise<void>,
    ): Promise<void> {
      starting ??= startFixtureServer(leaderboard);
      const server = await starting;
      server.restart(leaderboard);
      await visit(
        server.origin + path,
        options,
        (opened) => run({ ...opened, server }),
      );
    },
  };
}

/** Serves the built pages on a free port of this machine. */
async function startFixtureServer(start: Leaderboard): Promise<FixtureServer> {
  const assets = await createWebAssets(await builtPages());
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const requests: string[] = [];
  let leaderboard = start;
  let away = false;
  let etag = 0;
  const encode = (text: string) => new TextEncoder().encode(text);
  const send = (event: unknown) => {
    for (const stream of streams) {
      stream.enqueue(encode(`data: ${JSON.stringify(event)}\n\n`));
    }
  };
  const json = (body: unknown, extra: Record<string, string> = {}) =>
    new Response(JSON.stringify(body), {
      headers: { ...headers, "Content-Type": "application/json", ...extra },
    });

  const events = () => {
    let mine: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        mine = controller;
        streams.add(controller);
        controller.enqueue(encode(": open\n\n"));
      },
      cancel() {
        if (mine !== undefined) streams.delete(mine);
      },
    });
    return new Response(body, {
      headers: { ...headers, "Content-Type": "text/event-stream" },
    });
  };

  const handle = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    requests.push(`${request.method} ${pathname}`);
    if (away && pathname.startsWith("/api/")) {
      return new Response("away", { status: 503, headers });
    }
    if (pathname === "/api/studies") {
      const { study, progress } = leaderboard;
      return json({
        studies: [
          {
            id: study.id,
            active: true,
            trials: progress.total,
            completed: progress.completed,
          },
          { id: "grid", active: false, trials: 100, completed: 0 },
        ],
      });
    }
    if (/^\/api\/studies\/[\w-]+\/leaderboard$/.test(pathname)) {
      const tag = `"${etag}"`;
      return request.headers.get("If-None-Match") === tag
        ? new Response(null, { status: 304, headers })
        : json(leaderboard, { ETag: tag });
    }
    if (/^\/api\/studies\/[\w-]+\/trials$/.test(pathname)) {
      return json(trialPageOf(leaderboard, searchParams));
    }
    const point = /^\/api\/studies\/[\w-]+\/points\/(.+)$/.exec(pathname)?.[1];
    if (point !== undefined) {
      const { study, rows } = leaderboard;
      const row = rows.find(({ params }) => pointKey(params) === point);
      if (row === undefined) {
        return new Response("no", { status: 404, headers });
      }
      return json(
        {
          studyId: study.id,
          title: study.title,
          recipe: study.recipe,
          row,
          trials: [],
          swapped: null,
          comparisons: [],
        } satisfies PointView,
      );
    }
    if (pathname === "/api/events") return events();
    const accepted = request.headers.get("Accept-Encoding") ?? "";
    const page = /^\/studies\/[\w-]+\/points\/./.test(pathname)
      ? itemPages.point.shell
      : pathname;
    const file = await assets.find(page, accepted);
    if (file === null) return new Response("no", { status: 404, headers });
    return new Response(await file.open(), {
      headers: {
        ...headers,
        "Content-Type": mediaType(page),
        ...(file.encoding && { "Content-Encoding": file.encoding }),
      },
    });
  };

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    handle,
  );
  const endStreams = () => {
    for (const stream of streams) stream.close();
    streams.clear();
  };
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    show: (next) => {
      leaderboard = next;
      etag += 1;
      const { study, revision } = next;
      send({ type: "changed", studyId: study.id, revision });
    },
    restart: (next) => {
      endStreams();
      leaderboard = next;
      away = false;
      // Browsers may keep what they were told before.
      etag += 1;
      requests.length = 0;
    },
    send,
    setAway: (value) => {
      away = value;
      if (value) endStreams();
    },
    requests,
    streams: () => streams.size,
    close: async () => {
      endStreams();
      await server.shutdown();
    },
  };
}
