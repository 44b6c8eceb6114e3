import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import * as z from "zod";
import { LeaseId, StudyId, TrialId } from "./ids.ts";
import { Leaderboard } from "./leaderboard.ts";
import { PointKey } from "./grid_point.ts";
import { Problem } from "./problem.ts";
import {
  CompleteRequest,
  CompleteResponse,
  Lease,
  LeaseRequest,
  NoLeaseReason,
  RegisterRequest,
  RegisterResponse,
  ReleaseRequest,
  RenewRequest,
  RenewResponse,
  ReportRequest,
} from "./lease.ts";
import {
  CurveList,
  Health,
  PointView,
  StudyDetail,
  StudyList,
  TrialOrder,
  TrialPage,
  TrialState,
  TrialView,
  WorkerList,
  WorkerOrder,
} from "./views.ts";

/**
 * Every endpoint of the coordinator's API in one table. The server makes its
 * routes from it, the OpenAPI document is made from it, and `SwarmApi` gives
 * the clients their types from it. Only types come from Hono's packages, so
 * importing this file costs a worker or a page nothing but the schemas.
 */

/** Header of a 204 to a lease request: a `NoLeaseReason`. */
export const REASON_HEADER = "swarm-reason";

/** Header with the protocol's version, on every answer and every worker's call. */
export const PROTOCOL_HEADER = "swarm-protocol";

/** Media type of a trial's final weights. */
export const WEIGHTS_TYPE = "application/octet-stream";

export function json<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { "application/json": { schema } } } as const;
}

export function body<T extends z.ZodType>(schema: T) {
  return {
    required: true,
    content: { "application/json": { schema } },
  } as const;
}

export function problem(description: string) {
  return {
    description,
    content: { "application/problem+json": { schema: Problem } },
  } as const;
}

/** Problems of a call that only reads and has no parameters. */
export const reading = {
  421: problem("The coordinator has no such host name: foreign-host"),
  429: problem("Wait Retry-After seconds: too-many-requests"),
  500: problem("A fault of the coordinator: internal"),
  501: problem("A newer version wrote the study: newer-version"),
} as const;

export const common = {
  ...reading,
  400: problem("The request does not fit its schema: invalid-request"),
} as const;

/** A call that changes state; pages of other sites may not make it. */
export const changing = {
  ...common,
  403: problem("foreign-origin; for a worker also join-code or removed"),
  408: problem("The body did not come in time: body-too-slow"),
  413: problem("The body is too large: body-too-large"),
  415: problem("The body is not JSON: invalid-request"),
  426: problem("Another version of the protocol: protocol-version"),
  503: problem("Try again after Retry-After seconds: unavailable"),
} as const;

/** A call of a registered worker. */
const working = {
  ...changing,
  401: problem("The token is missing or wrong, register again: unauthorized"),
} as const;

/** A worker's call about one lease. */
const leasing = {
  ...working,
  409: problem(
    "stale-lease, trial-completed, trial-quarantined, conflicting-result or " +
      "missing-weights",
  ),
} as const;

const bearer = [{ worker: [] }];
const lease = z.object({ leaseId: LeaseId });
const study = z.object({ studyId: StudyId });
export const missing = {
  404: problem("There is no such thing: not-found"),
} as const;
export const noContent = { description: "Done" } as const;
const unchanged = {
  304: { description: "Unchanged since the ETag in If-None-Match" },
} as const;
const offset = z.coerce.number().int().min(0).max(100_000_000).default(0);
const csv = {
  description: "Comma-separated values, UTF-8",
  content: { "text/csv": { schema: z.string() } },
} as const;

/** All endpoints, by name. */
export const endpoints = {
  register: {
    method: "post",
    path: "/api/workers",
    tags: ["worker"],
    summary: "Join the swarm as a worker",
    request: { body: body(RegisterRequest) },
    responses: { ...changing, 201: json("Registered", RegisterResponse) },
  },
  leave: {
    method: "delete",
    path: "/api/workers/me",
    tags: ["worker"],
    summary:
      "Leave: releases every lease of the worker without counting a failure",
    security: bearer,
    responses: { ...working, 204: noContent },
  },
  acquire: {
    method: "post",
    path: "/api/leases",
    tags: ["worker"],
    summary: "Ask for a trial to train",
    security: bearer,
    request: { body: body(LeaseRequest) },
    responses: {
      ...leasing,
      200: json("A trial, leased until `expiresAt`", Lease),
      204: {
        description: "No trial now: ask again after Retry-After seconds",
        headers: z.object({
          "Retry-After": z.int().min(1),
          "Swarm-Reason": NoLeaseReason,
        }),
      },
    },
  },
  renew: {
    method: "post",
    path: "/api/leases/{leaseId}/renew",
    tags: ["worker"],
    summary: "Heartbeat: keeps the lease; the answer may say stop",
    security: bearer,
    request: { params: lease, body: body(RenewRequest) },
    responses: { ...leasing, 200: json("Continue or stop", RenewResponse) },
  },
  report: {
    method: "post",
    path: "/api/leases/{leaseId}/report",
    tags: ["worker"],
    summary: "Report finished epochs; renews the lease",
    security: bearer,
    request: { params: lease, body: body(ReportRequest) },
    responses: { ...leasing, 200: json("Continue or stop", RenewResponse) },
  },
  uploadWeights: {
    method: "put",
    path: "/api/leases/{leaseId}/weights",
    tags: ["worker"],
    summary: "Upload a trained trial's final weights, before its result",
    description:
      "Float32, little-endian: for each dense layer, from the input " +
      "on, the weights [fanIn, fanOut] row by row, then the biases. The length " +
      "is the lease's `weightsBytes`. Renews the lease; repeating the call " +
      "replaces the uploaded weights.",
    security: bearer,
    request: {
      params: lease,
      query: z.object({ attempt: z.coerce.number().int().min(1) }),
      body: {
        required: true,
        content: {
          [WEIGHTS_TYPE]: {
            schema: z.string().meta({ format: "binary" }),
          },
        },
      },
    },
    responses: {
      ...leasing,
      204: noContent,
      422: problem("The length does not match the network: rejected-weights"),
    },
  },
  complete: {
    method: "post",
    path: "/api/leases/{leaseId}/complete",
    tags: ["worker"],
    summary: "Deliver the result; repeating the call tells its verdict",
    security: bearer,
    request: { params: lease, body: body(CompleteRequest) },
    responses: {
      ...leasing,
      200: json("Received, or accepted", CompleteResponse),
      422: problem("The result cannot be this trial's: rejected-result"),
    },
  },
  release: {
    method: "post",
    path: "/api/leases/{leaseId}/release",
    tags: ["worker"],
    summary: "Release the trial: the worker leaves, or could not train it",
    security: bearer,
    request: { params: lease, body: body(ReleaseRequest) },
    responses: { ...leasing, 204: noContent },
  },
  listStudies: {
    method: "get",
    path: "/api/studies",
    tags: ["read"],
    summary: "Studies that this coordinator knows",
    responses: { ...reading, 200: json("Studies", StudyList) },
  },
  getStudy: {
    method: "get",
    path: "/api/studies/{studyId}",
    tags: ["read"],
    summary: "A study's definition and progress",
    request: { params: study },
    responses: { ...common, ...missing, 200: json("The study", StudyDetail) },
  },
  getLeaderboard: {
    method: "get",
    path: "/api/studies/{studyId}/leaderboard",
    tags: ["read"],
    summary: "Figures per grid point and verdicts on the claims; with an ETag",
    request: { params: study },
    responses: {
      ...common,
      ...missing,
      200: json("The leaderboard", Leaderboard),
      ...unchanged,
    },
  },
  getLeaderboardCsv: {
    method: "get",
    path: "/api/studies/{studyId}/leaderboard.csv",
    tags: ["read"],
    summary: "Figures per grid point, one a line",
    request: { params: study },
    responses: { ...common, ...missing, 200: csv, ...unchanged },
  },
  getPoint: {
    method: "get",
    path: "/api/studies/{studyId}/points/{point}",
    tags: ["read"],
    summary: "A grid point with its trials and their curves; with an ETag",
    request: { params: study.extend({ point: PointKey }) },
    responses: {
      ...common,
      ...missing,
      200: json("The grid point", PointView),
      ...unchanged,
    },
  },
  getReport: {
    method: "get",
    path: "/api/studies/{studyId}/report.html",
    tags: ["read"],
    summary: "The study's report: one file that opens from a disk, offline",
    request: { params: study },
    responses: {
      ...common,
      ...missing,
      200: {
        description: "HTML with all its data, to be saved",
        content: { "text/html": { schema: z.string() } },
      },
    },
  },
  listTrials: {
    method: "get",
    path: "/api/studies/{studyId}/trials",
    tags: ["read"],
    summary: "A study's trials, page by page; with an ETag",
    request: {
      params: study,
      query: z.object({
        state: TrialState.optional(),
        order: TrialOrder.default("leasing"),
        limit: z.coerce.number().int().min(1).max(1000).default(1000),
        offset,
      }),
    },
    responses: {
      ...common,
      ...missing,
      200: json("Trials", TrialPage),
      ...unchanged,
    },
  },
  getTrialsCsv: {
    method: "get",
    path: "/api/studies/{studyId}/trials.csv",
    tags: ["read"],
    summary: "Every trial with its final figures, one a line",
    request: { params: study },
    responses: { ...common, ...missing, 200: csv },
  },
  getCurves: {
    method: "get",
    path: "/api/studies/{studyId}/curves",
    tags: ["read"],
    summary: "Every trial with its figures by epoch",
    request: { params: study },
    responses: { ...common, ...missing, 200: json("Curves", CurveList) },
  },
  getCurvesCsv: {
    method: "get",
    path: "/api/studies/{studyId}/curves.csv",
    tags: ["read"],
    summary: "Figures by epoch of every trial, one epoch a line",
    request: { params: study },
    responses: { ...common, ...missing, 200: csv },
  },
  getTrial: {
    method: "get",
    path: "/api/trials/{trialId}",
    tags: ["read"],
    summary: "A trial with its attempts and its result; with an ETag",
    request: { params: z.object({ trialId: TrialId }) },
    responses: {
      ...common,
      ...missing,
      200: json("The trial", TrialView),
      ...unchanged,
    },
  },
  listWorkers: {
    method: "get",
    path: "/api/workers",
    tags: ["read"],
    summary: "Workers, page by page; with an ETag",
    request: {
      query: z.object({
        show: z.enum(["all", "online"]).default("all"),
        order: WorkerOrder.default("seen"),
        limit: z.coerce.number().int().min(1).max(1000).default(200),
        offset,
      }),
    },
    responses: { ...common, 200: json("Workers", WorkerList), ...unchanged },
  },
  events: {
    method: "get",
    path: "/api/events",
    tags: ["read"],
    summary: "Server-sent events: each `data` is a SwarmEvent as JSON",
    responses: {
      ...reading,
      200: {
        description: "An endless stream, with a comment now and then",
        content: { "text/event-stream": { schema: z.string() } },
      },
      503: problem("Too many open streams: unavailable"),
    },
  },
  getData: {
    method: "get",
    path: "/data/{file}",
    tags: ["worker"],
    summary: "A file of the data set, named by its hash: it never changes",
    request: {
      params: z.object({
        /** SHA-256 of the decompressed bytes, and `.gz`. */
        file: z.string().regex(
          /^[0-9a-f]{64}\.gz$/,
          "a data file is a SHA-256 in lower-case hexadecimal digits and .gz",
        ),
      }),
    },
    responses: {
      ...common,
      ...missing,
      200: {
        description: "A gzip file; not a gzip-encoded answer",
        content: { "application/gzip": { schema: z.string() } },
      },
      503: problem("The file is missing on the disk now: unavailable"),
    },
  },
  health: {
    method: "get",
    path: "/healthz",
    tags: ["read"],
    summary: "Liveness: restart a coordinator that does not answer",
    responses: { ...reading, 200: json("The coordinator answers", Health) },
  },
  ready: {
    method: "get",
    path: "/readyz",
    tags: ["read"],
    summary: "Readiness for load balancers",
    responses: {
      ...reading,
      200: json("The coordinator is ready", Health),
      503: problem(
        "The storage does not respond, or the coordinator drains: unavailable",
      ),
    },
  },
} as const satisfies Record<string, RouteConfig>;

type Endpoints = typeof endpoints;
type Entry = {
  [Name in keyof Endpoints]: { route: Endpoints[Name]; handler: unknown };
}[keyof Endpoints];
// An instantiation expression: the type that the library's method returns for
// these routes, without a call.
declare const api: OpenAPIHono;
type WithRoutes = typeof api.openapiRoutes<readonly [Entry]>;

/**
 * The coordinator's API as a type: `hc<SwarmApi>(url)` of `hono/client` makes
 * a client whose paths, bodies and answers are checked against `endpoints`.
 */
export type SwarmApi = ReturnType<WithRoutes>;
