import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";
import { curvesCsv, type TableWriter, trialsCsv } from "../../analysis/csv.ts";
import type { LiveDeviations } from "../../service/leaderboards.ts";
import type { ReadableLeaderboard } from "../../threads/leaderboard_json.ts";
import { pointView } from "../../service/reads.ts";
import { endpoints } from "../../../protocol/endpoints.ts";
import type { StudyId } from "../../../protocol/ids.ts";
import { axesOf, parsePoint } from "../../../protocol/grid_point.ts";
import type { RecipeFieldName } from "../../../protocol/recipe.ts";
import type {
  CurveList,
  TrialCurve,
  WorkerList,
} from "../../../protocol/views.ts";
import type { Views } from "../../service/reads.ts";
import {
  orNotFound,
  rendered,
  type RenderedJson,
  renderJson,
  streamed,
} from "../middleware/responses.ts";
import type { WorkerEnv } from "../middleware/authenticate.ts";
import type { Guard } from "../limits/guard.ts";
import { enforceRate } from "../middleware/admission.ts";
import { createFreshCache } from "../../service/fresh_cache.ts";

/** Trials per read of an export; other requests are served in between. */
const PART = 100;

/** Most replicates on a grid point's page. */
const MOST_REPLICATES = 1000;

/**
 * What reads cost, in requests: about one for each 0.2 ms of a core (AMD EPYC,
 * SQLite, 100,000 trials). The reads of an address then take a fifth of it.
 */
const cost = {
  studies: 3,
  study: 10,
  trials: 3,
  trial: 2,
  point: 5,
  workers: 25,
  /** To order the workers, the results of each are counted. */
  workersByResults: 50,
};

/** The database walks over what is before the page. */
function pageCost({ limit, offset }: {
  readonly limit: number;
  readonly offset: number;
}): number {
  return limit / 5 + Math.min(offset, MOST_WALKED) / 2000;
}

/** Trials of the largest study that is likely. */
const MOST_WALKED = 1_000_000;

/** Routes that read studies, trials, grid points and workers. */
export function trialRoutes(
  app: OpenAPIHono<WorkerEnv>,
  { coordinator, leaderboard, deviations, guard, freshFor = 0 }: {
    readonly coordinator: Pick<
      Views,
      "studies" | "study" | "trials" | "trial" | "curves" | "workers"
    >;
    readonly leaderboard: (
      studyId: StudyId,
    ) => Promise<ReadableLeaderboard | null>;
    readonly deviations: LiveDeviations;
    readonly guard: Guard;
    readonly freshFor?: number;
  },
): void {
  const fresh = createFreshCache<string, RenderedJson>({
    milliseconds: freshFor,
    now: () => performance.now(),
  });

  function charge(c: Context<WorkerEnv>, requests: number): void {
    enforceRate(
      guard.admitRequest(c.var.address, Math.floor(requests)),
      "address",
      "your address asks for costly pages",
    );
  }

  /**
   * The value as JSON with its entity tag; equal requests share one read.
   *
   * @param requests As how many requests the read counts.
   */
  async function answer(
    c: Context<WorkerEnv>,
    asked: unknown,
    requests: number,
    read: () => Promise<unknown>,
  ): Promise<Response> {
    const key = `${c.req.path} ${JSON.stringify(asked)}`;
    if (!fresh.has(key)) charge(c, requests);
    const { json, etag } = await fresh(
      key,
      async () => renderJson(await read()),
    );
    return rendered(c, () => json, etag, "application/json");
  }

  app.openapi(endpoints.listStudies, async (c) => {
    charge(c, cost.studies);
    return c.json(await coordinator.studies(), 200);
  });
  app.openapi(endpoints.getStudy, async (c) => {
    charge(c, cost.study);
    const { studyId } = c.req.valid("param");
    const found = await coordinator.study(studyId);
    return c.json(orNotFound(found, "study", studyId), 200);
  });
  app.openapi(endpoints.listTrials, async (c) => {
    const { studyId } = c.req.valid("param");
    const { state, ...page } = c.req.valid("query");
    const request = { ...page, ...state === undefined ? {} : { state } };
    return await answer(
      c,
      request,
      cost.trials + pageCost(page),
      async () =>
        orNotFound(
          await coordinator.trials(studyId, request),
          "study",
          studyId,
        ),
    );
  });
  app.openapi(endpoints.getTrial, async (c) => {
    const { trialId } = c.req.valid("param");
    return await answer(
      c,
      null,
      cost.trial,
      async () =>
        orNotFound(await coordinator.trial(trialId), "trial", trialId),
    );
  });
  app.openapi(endpoints.getPoint, async (c) => {
    const { studyId, point } = c.req.valid("param");
    const params = orNotFound(parsePoint(point), "grid point", point);
    const board = orNotFound(await leaderboard(studyId), "study", studyId);
    const { replicates, recipe } = board.content().study;
    const curves = Math.min(replicates, MOST_REPLICATES) * recipe.epochs;
    return await answer(c, null, cost.point + curves / 20, async () => {
      const limits = { limit: MOST_REPLICATES, offset: 0 };
      const trials = await coordinator.curves(studyId, { params, ...limits });
      return orNotFound(
        pointView(board.content(), params, trials ?? []),
        "grid point",
        point,
      );
    });
  });
  app.openapi(endpoints.listWorkers, async (c) => {
    const request = c.req.valid("query");
    const counted = request.order === "results" ? cost.workersByResults : 0;
    const requests = cost.workers + counted + pageCost(request);
    return await answer(c, request, requests, async () => {
      const { workers, ...counts } = await coordinator.workers(request);
      const { ofWorker, backends } = await deviations();
      const list: WorkerList = {
        ...counts,
        workers: workers.map((worker) => ({
          ...worker,
          deviation: ofWorker(worker.workerId),
        })),
        backends: [...backends],
      };
      return list;
    });
  });

  /**
   * Every trial, in parts. The first part is read immediately, to find out
   * whether the study exists.
   */
  async function partsOf(studyId: StudyId) {
    const first = orNotFound(
      await coordinator.curves(studyId, { limit: PART, offset: 0 }),
      "study",
      studyId,
    );
    return async function* (): AsyncGenerator<readonly TrialCurve[]> {
      let part: readonly TrialCurve[] | null = first;
      for (let offset = PART; part !== null && part.length > 0;) {
        yield part;
        if (part.length < PART) return;
        part = await coordinator.curves(studyId, { limit: PART, offset });
        offset += PART;
      }
    }();
  }

  app.openapi(endpoints.getTrialsCsv, async (c) => {
    const { studyId } = c.req.valid("param");
    return table(c, `${studyId}-trials.csv`, trialsCsv, await partsOf(studyId));
  });
  app.openapi(endpoints.getCurvesCsv, async (c) => {
    const { studyId } = c.req.valid("param");
    return table(c, `${studyId}-curves.csv`, curvesCsv, await partsOf(studyId));
  });
  app.openapi(endpoints.getCurves, async (c) => {
    const { studyId } = c.req.valid("param");
    const response = streamed(c, curvesJson(await partsOf(studyId)), {
      "content-type": "application/json",
    });
    // Hono's types expect one JSON value; this one is streamed in parts.
    return response as Response & TypedResponse<CurveList, 200, "json">;
  });
}

function table(
  c: Context,
  name: string,
  writerOf: (axes: readonly RecipeFieldName[]) => TableWriter,
  parts: AsyncIterable<readonly TrialCurve[]>,
): Response {
  async function* text() {
    let writer: TableWriter | null = null;
    for await (const part of parts) {
      if (writer === null) {
        writer = writerOf(axesOf(part.map(({ params }) => params)));
        yield writer.head;
      }
      yield writer.lines(part);
    }
  }
  return streamed(c, text(), {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="${name}"`,
  });
}

/** Streams a `CurveList` trial by trial. */
async function* curvesJson(
  parts: AsyncIterable<readonly TrialCurve[]>,
): AsyncGenerator<string> {
  yield '{"trials":[';
  let separator = "";
  for await (const part of parts) {
    yield separator + part.map((trial) => JSON.stringify(trial)).join(",");
    separator = ",";
  }
  yield "]}";
}
