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

/** What the pages read from the coordinator's API. Pages send no other HTTP. */
export interface Api {
  studies(): Promise<StudyList>;
  /** A study with its progress and, while it runs, its data set. */
  study(study: StudyId): Promise<StudyDetail>;
  /** Null if nothing changed since `etag`, as with the four methods below. */
  leaderboard(
    study: StudyId,
    etag: string | null,
  ): Promise<FetchedLeaderboard | null>;
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
  /** URL of the server-sent events. */
  readonly eventsUrl: string;
  /** URLs of a study's data as files. */
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
  /** Null for all states. */
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

/** A value, and the tag with which the next request asks for changes. */
export interface Fetched<T> {
  readonly value: T;
  readonly etag: string | null;
}

/** A leaderboard and its tag. */
export interface FetchedLeaderboard {
  readonly leaderboard: Leaderboard;
  readonly etag: string | null;
}

/** This page cannot read the coordinator's answer. */
export class OutdatedPageError extends Error {
  override readonly name = "OutdatedPageError";
}

/** The coordinator did not answer, or it answered with an error. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  /** The HTTP status; null without an answer. */
  readonly status: number | null;
  constructor(message: string, status: number | null, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Reads from the coordinator at `origin`. Tests pass their own `fetcher`. */
export function createApi(
  origin: string,
  fetcher: typeof fetch = (input, init) => fetch(input, init),
): Api {
  const client = hc<SwarmApi>(origin, { fetch: fetcher });
  const oneStudy = client.api.studies[":studyId"];
  return {
    studies: async () =>
      parse(
        StudyList,
        await answered(() => client.api.studies.$get({}, init())),
      ),
    study: async (study) =>
      parse(
        StudyDetail,
        await answered(() =>
          oneStudy.$get({ param: { studyId: study } }, init())
        ),
      ),
    leaderboard: async (study, etag) => {
      const fetched = await tagged(
        Leaderboard,
        etag,
        (options) =>
          oneStudy.leaderboard.$get({ param: { studyId: study } }, options),
      );
      return fetched && { leaderboard: fetched.value, etag: fetched.etag };
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

/** Fetches a value that has a tag; null if nothing changed since `etag`. */
async function tagged<T extends z.ZodType>(
  schema: T,
  etag: string | null,
  call: (options: ReturnType<typeof init>) => Promise<Answer>,
): Promise<Fetched<z.infer<T>> | null> {
  const headers = etag === null ? {} : { "If-None-Match": etag };
  const response = await answered(() => call(init(headers)));
  if (response.status === 304) return null;
  return {
    value: await parse(schema, response),
    etag: response.headers.get("ETag"),
  };
}

function init(headers: Record<string, string> = {}) {
  // Without `no-store`, the browser's cache could answer and hide that the
  // coordinator is unreachable.
  return { headers, init: { cache: "no-store" as const } };
}

/** The part of a response that the pages use and Hono's types declare. */
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
      `the coordinator's answer could not be read: ${error}`,
      response.status,
      error,
    );
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    throw new OutdatedPageError(
      `the coordinator's answer has an unknown form: ${parsed.error.message}`,
    );
  }
  return parsed.data;
}
