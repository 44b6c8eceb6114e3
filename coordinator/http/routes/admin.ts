import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { Guard } from "../limits/guard.ts";
import { isOperator, type Secrets } from "../limits/secrets.ts";
import type { Metrics } from "../metrics.ts";
import { enforceRate } from "../middleware/admission.ts";
import type { WorkerEnv } from "../middleware/authenticate.ts";
import { orNotFound } from "../middleware/responses.ts";
import { ProblemError } from "../middleware/problems.ts";
import { adminEndpoints } from "../../../protocol/admin_endpoints.ts";
import { endpoints } from "../../../protocol/endpoints.ts";
import type { StudyId } from "../../../protocol/ids.ts";
import { StorageError } from "../../storage/storage.ts";
import { InvalidStudy } from "../../study/points.ts";
import type { Coordinator } from "../../service/coordinator.ts";

/** Dependencies of the operator's routes. */
export interface AdminDeps {
  readonly coordinator: Coordinator;
  readonly guard: Guard;
  /** If absent, every operator's call is refused. */
  readonly secrets?: Secrets;
  readonly metrics?: Metrics;
}

/** Accepts only the bearer of the admin token. */
export function authenticateAdmin({ guard, secrets }: AdminDeps) {
  return createMiddleware<WorkerEnv>(async (c, next) => {
    // A worker's DELETE of itself matches the operator's route too.
    if (c.req.path === endpoints.leave.path) return await next();
    if (isOperator(c.req.header("authorization"), secrets)) return await next();
    enforceRate(
      guard.wrongGuess(c.var.address),
      "guesses",
      "wrong tokens were sent",
    );
    throw new ProblemError(
      "unauthorized",
      "this call needs the admin token, which the coordinator printed at " +
        "its first start; --new-secrets generates another one",
      {
        headers: { "www-authenticate": "Bearer" },
        reason: "unauthorized:admin",
      },
    );
  });
}

/** Skips the check for calls from this machine. */
export function unlessLocal(check: MiddlewareHandler<WorkerEnv>) {
  return createMiddleware<WorkerEnv>((c, next) =>
    c.var.address.local ? next().then(() => {}) : check(c, next)
  );
}

/** The operator's routes. Must be registered after all other routes. */
export function adminRoutes(
  app: OpenAPIHono<WorkerEnv>,
  deps: AdminDeps,
): void {
  const { coordinator, metrics } = deps;
  const detail = async (studyId: StudyId) =>
    orNotFound(await coordinator.study(studyId), "study", studyId);

  app.openapi(adminEndpoints.createStudy, async (c) => {
    const definition = c.req.valid("json");
    await checkRunnable(() => coordinator.createStudy(definition));
    return c.json(await detail(definition.id), 201);
  });
  app.openapi(adminEndpoints.stopStudy, async (c) => {
    const { studyId } = c.req.valid("param");
    orNotFound(await coordinator.stopStudy(studyId) || null, "study", studyId);
    return c.json(await detail(studyId), 200);
  });
  app.openapi(adminEndpoints.resumeStudy, async (c) => {
    const { studyId } = c.req.valid("param");
    const resumed = await checkRunnable(() => coordinator.resumeStudy(studyId));
    orNotFound(resumed || null, "study", studyId);
    return c.json(await detail(studyId), 200);
  });
  app.openapi(adminEndpoints.deleteStudy, async (c) => {
    const { studyId } = c.req.valid("param");
    orNotFound(
      await coordinator.deleteStudy(studyId) || null,
      "study",
      studyId,
    );
    return c.body(null, 204);
  });
  app.openapi(adminEndpoints.removeWorker, async (c) => {
    const { workerId } = c.req.valid("param");
    const { results } = c.req.valid("query");
    const removed = await coordinator.removeWorker(workerId, results);
    orNotFound(removed || null, "worker", workerId);
    return c.body(null, 204);
  });
  app.openapi(adminEndpoints.metrics, async (c) => {
    const figures = orNotFound(
      await metrics?.read() ?? null,
      "page",
      "/metrics",
    );
    return c.text(figures.text, 200, {
      "content-type": figures.contentType,
      "cache-control": "no-store",
    });
  });
}

/** A study that cannot run here is a bad request. */
async function checkRunnable<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const isMistake = error instanceof InvalidStudy ||
      error instanceof StorageError && error.code === "conflicting-plan";
    if (!isMistake) throw error;
    throw new ProblemError("invalid-request", error.message);
  }
}
