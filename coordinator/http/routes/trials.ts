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
import { createFreshCache } from "../../service/fresh_cache.ts";

/** Trials per read of an export; other requests are served in between. */
const PART = 100;

/** Most replicates on a grid point's page. */
const MOST_REPLICATES = 1000;

/** Routes that read trials, grid points and workers. */
export function trialRoutes(
  app: OpenAPIHono<WorkerEnv>,
  { coordinator, leaderboard, deviations, freshFor = 0 }: {
    readonly coordinator: Pick<
      Views,
      "trials" | "trial" | "curves" | "workers"
    >;
    readonly leaderboard: (
      studyId: StudyId,
    ) => Promise<ReadableLeaderboard | null>;
    readonly deviations: LiveDeviations;
    readonly freshFor?: number;
  },
): void {
  const fresh = createFreshCache<string, RenderedJson>({
    milliseconds: freshFor,
    now: () => performance.now(),
  });

  /** The value as JSON with its entity tag; equal requests share one read. */
  async function answer(
    c: Context,
    asked: unknown,
    read: () => Promise<unknown>,
  ): Promise<Response> {
    const { json, etag } = await fresh(
      `${c.req.path} ${JSON.stringify(asked)}`,
      async () => renderJson(await read()),
    );
    return rendered(c, () => json, etag, "application/json");
  }

  app.openapi(endpoints.listTrials, async (c) => {
    const { studyId } = c.req.valid("param");
    const { state, ...page } = c.req.valid("query");
    const request = { ...page, ...state === undefined ? {} : { state } };
    return await answer(
      c,
      request,
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
      async () =>
        orNotFound(await coordinator.trial(trialId), "trial", trialId),
    );
  });
  app.openapi(endpoints.getPoint, async (c) => {
    const { studyId, point } = c.req.valid("param");
    const params = orNotFound(parsePoint(point), "grid point", point);
    return await answer(c, null, async () => {
      const board = orNotFound(await leaderboard(studyId), "study", studyId);
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
    return await answer(c, request, async () => {
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
