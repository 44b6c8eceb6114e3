import type { RouteConfig } from "@hono/zod-openapi";
import * as z from "zod";
import {
  body,
  changing,
  json,
  missing,
  noContent,
  problem,
  reading,
} from "./endpoints.ts";
import { StudyId, WorkerId } from "./ids.ts";
import { StudyDefinition } from "./study.ts";
import { StudyDetail } from "./views.ts";

/**
 * The operator's endpoints. They are not part of `endpoints`, so that no client
 * of a worker or a page has them. All require the admin token.
 */

const admin = [{ admin: [] }];
const study = z.object({ studyId: StudyId });
const governing = {
  ...changing,
  401: problem("The admin token is missing or wrong: unauthorized"),
} as const;

/** All endpoints for the operator, by name. */
export const adminEndpoints = {
  createStudy: {
    method: "post",
    path: "/api/studies",
    tags: ["admin"],
    summary: "Plan a new or known study; activate it if no other is active",
    security: admin,
    request: { body: body(StudyDefinition) },
    responses: { ...governing, 201: json("Planned", StudyDetail) },
  },
  stopStudy: {
    method: "post",
    path: "/api/studies/{studyId}/stop",
    tags: ["admin"],
    summary: "Stop leasing the study's trials; its workers are told to stop",
    security: admin,
    request: { params: study },
    responses: { ...governing, ...missing, 200: json("Stopped", StudyDetail) },
  },
  resumeStudy: {
    method: "post",
    path: "/api/studies/{studyId}/resume",
    tags: ["admin"],
    summary: "Lease the study's trials, in place of any other study's",
    security: admin,
    request: { params: study },
    responses: { ...governing, ...missing, 200: json("Resumed", StudyDetail) },
  },
  deleteStudy: {
    method: "delete",
    path: "/api/studies/{studyId}",
    tags: ["admin"],
    summary: "Hide the study; planning it again brings its results back",
    security: admin,
    request: { params: study },
    responses: { ...governing, ...missing, 204: noContent },
  },
  removeWorker: {
    method: "delete",
    path: "/api/workers/{workerId}",
    tags: ["admin"],
    summary: "Remove a worker: its token and its leases end",
    description: "Trials that failed on it are tried again, quarantined ones " +
      "too. Its results stay. With `results=withdraw` their trials are leased " +
      "again, except those that the coordinator itself trained to the end.",
    security: admin,
    request: {
      params: z.object({ workerId: WorkerId }),
      query: z.object({
        results: z.enum(["keep", "withdraw"]).default("keep"),
      }),
    },
    responses: { ...governing, ...missing, 204: noContent },
  },
  metrics: {
    method: "get",
    path: "/metrics",
    tags: ["admin"],
    summary: "Figures for Prometheus; calls from this machine need no token",
    security: admin,
    responses: {
      ...reading,
      401: governing[401],
      200: {
        description: "Prometheus text format",
        content: { "text/plain": { schema: z.string() } },
      },
    },
  },
} as const satisfies Record<string, RouteConfig>;
