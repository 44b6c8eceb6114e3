import { OpenAPIHono } from "@hono/zod-openapi";
import type { HonoRequest } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { orNotFound, rendered, renderedBytes } from "./middleware/responses.ts";
import { API_PAGE_FILES, apiPage } from "./middleware/openapi.ts";
import { authenticate, type WorkerEnv } from "./middleware/authenticate.ts";
import {
  type Assets,
  type DataFiles,
  fileResponse,
  IMMUTABLE,
  mediaType,
  type ServedBytes,
} from "./middleware/responses.ts";
import { openApiDocument } from "./middleware/openapi.ts";
import { originCheck } from "./middleware/security.ts";
import {
  admitCall,
  admitExport,
  admitRegistration,
  admitRequest,
  checkHost,
  withinBudget,
} from "./middleware/admission.ts";
import { measure } from "./metrics.ts";
import { ProblemError, problemResponse } from "./middleware/problems.ts";
import { readBody } from "./middleware/read_body.ts";
import { createRefusalLog } from "./middleware/refusal_log.ts";
import type { Guard } from "./limits/guard.ts";
import type { Secrets } from "./limits/secrets.ts";
import type { Metrics } from "./metrics.ts";
import type { NotReady, Readiness } from "./readiness.ts";
import { adminEndpoints } from "../../protocol/admin_endpoints.ts";
import type { LiveDeviations } from "../service/leaderboards.ts";
import type { ReadableLeaderboard } from "../threads/leaderboard_json.ts";
import { adminRoutes, authenticateAdmin, unlessLocal } from "./routes/admin.ts";
import { admitWorker } from "./routes/workers.ts";
import {
  protocolVersion,
  registrationVersion,
} from "./middleware/authenticate.ts";
import { readExactly } from "./middleware/read_body.ts";
import { unwrap } from "./middleware/problems.ts";
import { securityHeaders } from "./middleware/security.ts";
import { trialRoutes } from "./routes/trials.ts";
import { endpoints, REASON_HEADER } from "../../protocol/endpoints.ts";
import type { Address } from "./limits/addresses.ts";
import type { LeaseId, StudyId } from "../../protocol/ids.ts";
import type { RenewResponse } from "../../protocol/lease.ts";
import { acquireWithin } from "./routes/workers.ts";
import type { Leaderboard } from "../../protocol/leaderboard.ts";
import { addressOfPage, API_PAGE } from "../../protocol/pages.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import type { Coordinator } from "../service/coordinator.ts";
import type { EventHub } from "../service/event_hub.ts";
import type { Log } from "../service/log.ts";

/** What the HTTP side needs. */
export interface AppDeps {
  readonly coordinator: Coordinator;
  readonly hub: EventHub;
  /** Null for an unknown study; the same object while nothing changes. */
  readonly leaderboard: (
    studyId: StudyId,
  ) => Promise<ReadableLeaderboard | null>;
  readonly deviations: LiveDeviations;
  readonly leaderboardCsv: (leaderboard: Leaderboard) => string;
  /** A study's report as HTML; null if unavailable. */
  readonly report: (studyId: StudyId) => Promise<string | null>;
  readonly data: DataFiles;
  readonly assets: Assets;
  /** Files of the page at `/api`; absent if it has none. */
  readonly apiPageFile?: (name: string) => Promise<ServedBytes | null>;
  readonly log: Log;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly guard: Guard;
  readonly readiness: Readiness;
  /** If absent, anybody may join and the operator's routes are refused. */
  readonly secrets?: Secrets;
  readonly metrics?: Metrics;
  /** Milliseconds for which lists are cached. Default: 0. */
  readonly freshFor?: number;
}

/**
 * The coordinator's HTTP side: every route of `endpoints`, the pages, the
 * OpenAPI document and a page to read it. Tests call `app.request()`.
 */
export function createApp(deps: AppDeps) {
  const { coordinator, log, guard, metrics, now } = deps;
  const note = createRefusalLog(log, metrics, now);
  const { publicUrl } = guard;
  const app = new OpenAPIHono<WorkerEnv>({
    ...publicUrl === null ? {} : { getPath: publicUrl.pathOf },
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.error.issues.map(({ path, message }) => ({
        path: [result.target, ...path].map(String).join("."),
        message,
      }));
      const [first] = errors;
      throw new ProblemError(
        "invalid-request",
        `the request is invalid: ${first?.path}: ${first?.message}`,
        { errors: errors.slice(0, 20) },
      );
    },
  });

  app.onError((error, c) => problemResponse(error, c, log, note));
  app.notFound((c) => {
    // Relative URLs of a page need the slash.
    if (publicUrl?.lacksSlash(c.req.raw)) {
      const { search } = new URL(c.req.url);
      return c.redirect(`${publicUrl.path}/${search}`, 308);
    }
    return problemResponse(
      new ProblemError(
        "not-found",
        `nothing is served here: ${c.req.path}; if a proxy passes its own ` +
          "path on, start the coordinator with --public-url",
      ),
      c,
      log,
      note,
    );
  });
  app.use(securityHeaders);
  if (metrics !== undefined) app.use(measure(metrics, now));
  app.use(admitRequest(guard));
  app.use(checkHost(guard));
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) =>
      problemResponse(
        new ProblemError(
          "invalid-request",
          `${c.req.method} does nothing here: ${c.req.path}; ` +
            `use ${methods.join(" or ")}`,
          { status: 405, headers: { allow: methods.join(", ") } },
        ),
        c,
        log,
        note,
      ),
  }));
  app.use(originCheck(guard));
  app.use("/api/*", protocolVersion);
  app.use("/api/*", async (c, next) => {
    // Routes whose answers may be cached override this.
    c.header("cache-control", "no-store");
    await next();
  });
  const signedIn = authenticate(coordinator);
  for (const endpoint of Object.values(endpoints)) {
    if (!("security" in endpoint)) continue;
    const method = endpoint.method.toUpperCase();
    app.on(method, routePath(endpoint.path), signedIn, admitCall(guard));
  }
  const operator = authenticateAdmin(deps);
  for (const { method, path } of Object.values(adminEndpoints)) {
    const checks = path === adminEndpoints.metrics.path
      ? unlessLocal(operator)
      : operator;
    app.on(method.toUpperCase(), routePath(path), checks);
  }
  app.post(endpoints.register.path, admitRegistration(guard));
  for (const { path } of exportEndpoints) {
    app.get(routePath(path), admitExport(guard));
  }
  // Weights have their own limit: their exact length.
  const readWhole = readBody(guard);
  app.use((c, next) => isUpload(c.req) ? next() : readWhole(c, next));
  app.post(endpoints.register.path, registrationVersion);

  workerRoutes(app, deps);
  readingRoutes(app, deps);
  adminRoutes(app, deps);
  pageRoutes(app, deps);
  return app;
}

type App = OpenAPIHono<WorkerEnv>;

/** Routes that read a whole study for each request. */
const exportEndpoints = [
  endpoints.getTrialsCsv,
  endpoints.getCurvesCsv,
  endpoints.getCurves,
  endpoints.getReport,
];

const notReady: Record<NotReady, string> = {
  draining: "this coordinator is about to stop; use another one",
  storage: "the storage does not respond; try again later",
};

/** Time to receive weights over a slow connection of 16 KiB/s. */
function uploadSeconds({ limits }: Guard, bytes: number): number {
  return limits.bodySeconds + bytes / 16_384;
}

function isUpload({ method, path }: HonoRequest): boolean {
  return method === "PUT" && /^\/api\/leases\/[^/]+\/weights$/.test(path);
}

function workerRoutes(app: App, deps: AppDeps): void {
  const { coordinator, guard } = deps;
  const mayJoin = admitWorker(deps);
  const kept = (address: Address, leaseId: LeaseId, answer: RenewResponse) => {
    if (answer.directive === "stop") guard.leases.end(leaseId);
    else guard.leases.keep(address.key, leaseId, answer.ttlSeconds);
    return answer;
  };
  app.openapi(endpoints.register, async (c) => {
    const request = c.req.valid("json");
    await mayJoin(c.var.address, request);
    return c.json(await coordinator.register(request), 201);
  });
  app.openapi(endpoints.leave, async (c) => {
    await coordinator.leave(c.var.worker);
    return c.body(null, 204);
  });
  app.openapi(endpoints.acquire, async (c) => {
    const acquired = unwrap(
      await acquireWithin(deps, c.var, c.req.valid("json")),
    );
    if (acquired.type === "lease") return c.json(acquired.lease, 200);
    return c.body(null, 204, {
      "retry-after": String(acquired.retryAfterSeconds),
      [REASON_HEADER]: acquired.reason,
    });
  });
  app.openapi(endpoints.renew, async (c) => {
    const { leaseId } = c.req.valid("param");
    const request = c.req.valid("json");
    return c.json(
      kept(
        c.var.address,
        leaseId,
        unwrap(await coordinator.renew(c.var.worker, leaseId, request)),
      ),
      200,
    );
  });
  app.openapi(endpoints.report, async (c) => {
    const { leaseId } = c.req.valid("param");
    const request = c.req.valid("json");
    return c.json(
      kept(
        c.var.address,
        leaseId,
        unwrap(await coordinator.report(c.var.worker, leaseId, request)),
      ),
      200,
    );
  });
  app.openapi(endpoints.uploadWeights, async (c) => {
    const { leaseId } = c.req.valid("param");
    const { attempt } = c.req.valid("query");
    unwrap(
      await coordinator.upload(c.var.worker, leaseId, {
        attempt,
        read: (bytes) =>
          withinBudget(
            guard,
            c.var.address,
            bytes,
            () => readExactly(c.req.raw, bytes, uploadSeconds(guard, bytes)),
          ),
      }),
    );
    return c.body(null, 204);
  });
  app.openapi(endpoints.complete, async (c) => {
    const { leaseId } = c.req.valid("param");
    const request = c.req.valid("json");
    const completed = unwrap(
      await coordinator.complete(c.var.worker, leaseId, request),
    );
    guard.leaseDelivered(leaseId);
    return c.json(completed, 200);
  });
  app.openapi(endpoints.release, async (c) => {
    const { leaseId } = c.req.valid("param");
    unwrap(
      await coordinator.release(c.var.worker, leaseId, c.req.valid("json")),
    );
    guard.leases.end(leaseId);
    return c.body(null, 204);
  });
}

function readingRoutes(app: App, deps: AppDeps): void {
  const { coordinator, hub, data, leaderboard } = deps;

  app.openapi(
    endpoints.listStudies,
    async (c) => c.json(await coordinator.studies(), 200),
  );
  app.openapi(endpoints.getStudy, async (c) => {
    const { studyId } = c.req.valid("param");
    return c.json(
      orNotFound(await coordinator.study(studyId), "study", studyId),
      200,
    );
  });
  app.openapi(endpoints.getLeaderboard, async (c) => {
    const { studyId } = c.req.valid("param");
    const { json: plain, gzip, etag } = orNotFound(
      await leaderboard(studyId),
      "study",
      studyId,
    );
    return renderedBytes(c, { plain, gzip, etag }, "application/json");
  });
  app.openapi(endpoints.getLeaderboardCsv, async (c) => {
    const { studyId } = c.req.valid("param");
    const { content, etag } = orNotFound(
      await leaderboard(studyId),
      "study",
      studyId,
    );
    c.header("content-disposition", `attachment; filename="${studyId}.csv"`);
    const csv = () => deps.leaderboardCsv(content());
    return rendered(c, csv, etag, "text/csv; charset=utf-8");
  });
  app.openapi(endpoints.getReport, async (c) => {
    const { studyId } = c.req.valid("param");
    const html = orNotFound(await deps.report(studyId), "report", studyId);
    return c.body(html, 200, {
      "content-type": "text/html; charset=utf-8",
      "content-disposition": `attachment; filename="${studyId}.html"`,
    });
  });
  trialRoutes(app, deps);
  app.openapi(endpoints.events, (c) => {
    const headers = {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Tells buffering proxies to pass on each event at once.
      "x-accel-buffering": "no",
    };
    if (c.req.method === "HEAD") return c.body(null, 200, headers);
    const stream = hub.open(c.var.address.local ? null : c.var.address.key);
    if (stream === null) {
      throw new ProblemError(
        "unavailable",
        "too many event streams are open; try again later",
        { headers: { "retry-after": "30" }, reason: "unavailable:streams" },
      );
    }
    return c.body(stream, 200, headers);
  });
  app.openapi(endpoints.getData, async (c) => {
    const { file } = c.req.valid("param");
    const bytes = orNotFound(await data(file), "data file", file);
    if (bytes === "away") {
      throw new ProblemError(
        "unavailable",
        "this coordinator's data files are missing on its disk; its operator " +
          "has to put them back, then workers continue by themselves",
        {
          title: "The coordinator's data set is missing",
          headers: { "retry-after": "10" },
        },
      );
    }
    return fileResponse(c, bytes, "application/gzip", IMMUTABLE);
  });
  const health = () => ({
    status: "ok" as const,
    protocolVersion: PROTOCOL_VERSION,
    study: coordinator.activeStudy(),
  });
  app.openapi(endpoints.health, (c) => c.json(health(), 200));
  app.openapi(endpoints.ready, async (c) => {
    const why = await deps.readiness.check();
    if (why === null) return c.json(health(), 200);
    throw new ProblemError("unavailable", notReady[why], {
      headers: { "retry-after": "5" },
      reason: `unavailable:${why}`,
    });
  });
}

function pageRoutes(app: App, { assets, apiPageFile, guard }: AppDeps): void {
  let document: string | null = null;
  app.get("/openapi.json", (c) => {
    // Relative to the document, wherever a proxy serves it.
    document ??= openApiDocument(app, guard.publicUrl?.href ?? ".");
    return c.body(document, 200, { "content-type": "application/json" });
  });
  app.get(API_PAGE, (c) => c.html(apiPage));
  app.get(`${API_PAGE_FILES}/:name`, async (c) => {
    const name = c.req.param("name");
    const file = orNotFound(await apiPageFile?.(name) ?? null, "file", name);
    return fileResponse(c, file, mediaType(name), "no-cache");
  });
  for (const path of assets.paths) {
    // Names under /assets/ contain a hash of the content.
    const caching = path.startsWith("/assets/") ? IMMUTABLE : "no-cache";
    app.get(addressOfPage(path), async (c) => {
      const accepted = c.req.header("accept-encoding");
      const file = orNotFound(await assets.find(path, accepted), "file", path);
      return fileResponse(c, file, mediaType(path), caching);
    });
  }
}

/** Converts `/a/{b}` to Hono's syntax `/a/:b`. */
function routePath(path: string): string {
  return path.replaceAll(/{(\w+)}/g, ":$1");
}
