import { hc } from "hono/client";
import type * as z from "zod";
import type { SwarmApi } from "../protocol/endpoints.ts";
import type { StudyId, TrialId } from "../protocol/ids.ts";
import { Leaderboard } from "../protocol/leaderboard.ts";
import { pointKey } from "../protocol/grid_point.ts";
import type { Params } from "../protocol/study.ts";
import {
  PointView,
  StudyDetail,
  StudyList,
  type TrialOrder,
  TrialPage,
  type TrialState,
  TrialView,
  WorkerList,
  type WorkerOrder,
} from "../protocol/views.ts";

/** The pages' reading side of the coordinator's API: their only HTTP. */
export interface Api {
  /** The studies the coordinator knows. */
  studies(signal?: AbortSignal): Promise<StudyList>;
  /** A study with its progress and, while it runs, its data set. */
  study(study: StudyId, signal?: AbortSignal): Promise<StudyDetail>;
  /** The leaderboard, or null where it is as it was at `etag`. */
  leaderboard(
    study: StudyId,
    etag: string | null,
    signal?: AbortSignal,
  ): Promise<FetchedLeaderboard | null>;
  /** Null where it is as it was at `etag`; so with the three after it. */
  trials(
    study: StudyId,
    query: TrialsQuery,
    etag: string | null,
  ): Promise<Fetched<TrialPage> | null>;
  trial(
    trial: TrialId,
    etag: string | null,
  ): Promise<Fetched<TrialView> | null>;
  point(
    study: StudyId,
    params: Params,
    etag: string | null,
  ): Promise<Fetched<PointView> | null>;
  workers(
    query: WorkersQuery,
    etag: string | null,
  ): Promise<Fetched<WorkerList> | null>;
  /** Address of the server-sent events. */
  readonly eventsUrl: string;
  /** Addresses of a study's data as files. */
  exports(study: StudyId): Exports;
}

export interface Exports {
  /** The leaderboard. */
  readonly json: string;
  readonly csv: string;
  readonly trialsCsv: string;
  readonly curvesCsv: string;
  /** Trials with their curves. */
  readonly curvesJson: string;
  /** The study's report, one HTML file. */
  readonly report: string;
}

/** A page of a study's trials. */
export interface TrialsQuery {
  /** Null for trials of any state. */
  readonly state: TrialState | null;
  readonly order: TrialOrder;
  readonly limit: number;
  readonly offset: number;
}

/** A page of the workers. */
export interface WorkersQuery {
  readonly show: "all" | "online";
  readonly order: WorkerOrder;
  readonly limit: number;
  readonly offset: number;
}

/** What was asked for, and the tag to ask for news with. */
export interface Fetched<T> {
  readonly value: T;
  readonly etag: string | null;
}

/** A leaderboard, and the tag to ask for a newer one with. */
export interface FetchedLeaderboard {
  readonly leaderboard: Leaderboard;
  readonly etag: string | null;
}

/** The coordinator answered with something that this page cannot read. */
export class OutdatedPageError extends Error {
  override readonly name = "OutdatedPageError";
}

/** The coordinator did not answer, or with an error. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  /** The HTTP status; null where there was no answer. */
  readonly status: number | null;
  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Reads from the coordinator at `origin`; `fetch` is injected in tests. */
export function createApi(
  origin: string,
  fetcher: typeof fetch = (input, init) => fetch(input, init),
): Api {
  const client = hc<SwarmApi>(origin, { fetch: fetcher });
  const oneStudy = client.api.studies[":studyId"];
  return {
    studies: async (signal) =>
      parse(
        StudyList,
        await answered(() => client.api.studies.$get({}, init(signal))),
      ),
    study: async (study, signal) =>
      parse(
        StudyDetail,
        await answered(() =>
          oneStudy.$get({ param: { studyId: study } }, init(signal))
        ),
      ),
    leaderboard: async (study, etag, signal) => {
      const response = await answered(() =>
        oneStudy.leaderboard.$get(
          { param: { studyId: study } },
          init(signal, etag === null ? {} : { "If-None-Match": etag }),
        )
      );
      if (response.status === 304) return null;
      return {
        leaderboard: await parse(Leaderboard, response),
        etag: response.headers.get("ETag"),
      };
    },
    trials: (study, { state, order, limit, offset }, etag) =>
      tagged(TrialPage, etag, (options) =>
        oneStudy.trials.$get({
          param: { studyId: study },
          query: {
            order,
            limit: String(limit),
            offset: String(offset),
            ...state === null ? {} : { state },
          },
        }, options)),
    trial: (trial, etag) =>
      tagged(TrialView, etag, (options) =>
        client.api.trials[":trialId"]
          .$get({ param: { trialId: trial } }, options)),
    point: (study, params, etag) =>
      tagged(PointView, etag, (options) =>
        oneStudy.points[":point"].$get({
          param: { studyId: study, point: pointKey(params) },
        }, options)),
    workers: ({ show, order, limit, offset }, etag) =>
      tagged(WorkerList, etag, (options) =>
        client.api.workers.$get({
          query: { show, order, limit: String(limit), offset: String(offset) },
        }, options)),
    eventsUrl: client.api.events.$url().href,
    exports: (study) => ({
      json: oneStudy.leaderboard.$url({ param: { studyId: study } }).href,
      csv: oneStudy["leaderboard.csv"]
        .$url({ param: { studyId: study } }).href,
      report: oneStudy["report.html"].$url({ param: { studyId: study } }).href,
      trialsCsv: oneStudy["trials.csv"]
        .$url({ param: { studyId: study } }).href,
      curvesCsv: oneStudy["curves.csv"]
        .$url({ param: { studyId: study } }).href,
      curvesJson: oneStudy.curves.$url({ param: { studyId: study } }).href,
    }),
  };
}

/** Fetches what has a tag: null where it is as it was. */
async function tagged<T extends z.ZodType>(
  schema: T,
  etag: string | null,
  call: (options: ReturnType<typeof init>) => Promise<Answer>,
): Promise<Fetched<z.infer<T>> | null> {
  const headers = etag === null ? {} : { "If-None-Match": etag };
  const response = await answered(() => call(init(undefined, headers)));
  if (response.status === 304) return null;
  return {
    value: await parse(schema, response),
    etag: response.headers.get("ETag"),
  };
}

function init(
  signal: AbortSignal | undefined,
  headers: Record<string, string> = {},
) {
  // The page minds the tags itself: the browser's own cache would answer for
  // the coordinator and hide that it is gone.
  return {
    headers,
    init: { cache: "no-store" as const, ...(signal && { signal }) },
  };
}

/** What the pages use of a response: hono's types say no more than this. */
interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  json(): Promise<unknown>;
}

async function answered(call: () => Promise<Answer>): Promise<Answer> {
  let response: Answer;
  try {
    response = await call();
  } catch (error) {
    throw new UnreachableError(
      `the coordinator did not answer: ${error}`,
      null,
      error,
    );
  }
  if (!response.ok && response.status !== 304) {
    throw new UnreachableError(
      `the coordinator answered with an error: ${response.status}`,
      response.status,
    );
  }
  return response;
}

async function parse<T extends z.ZodType>(
  schema: T,
  response: Answer,
): Promise<z.infer<T>> {
  let body: unknown;
  try {
    body = await response.json();
  } catch (error) {
    throw new UnreachableError(
      `the coordinator's answer broke off: ${error}`,
      response.status,
      error,
    );
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    throw new OutdatedPageError(
      `the coordinator's answer is not understood: ${parsed.error.message}`,
    );
  }
  return parsed.data;
}
