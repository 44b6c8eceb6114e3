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
 * What the operator may do: endpoints apart from the swarm's own, so that no
 * client of a worker or a page has them. All take the admin token.
 */

const admin = [{ admin: [] }];
const study = z.object({ studyId: StudyId });
const governing = {
  ...changing,
  401: problem("No or a wrong admin token: unauthorized"),
} as const;

/** All endpoints for the operator, by the name of what they do. */
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
    summary: "Lend it no more; its workers are told to stop",
    security: admin,
    request: { params: study },
    responses: { ...governing, ...missing, 200: json("Stopped", StudyDetail) },
  },
  resumeStudy: {
    method: "post",
    path: "/api/studies/{studyId}/resume",
    tags: ["admin"],
    summary: "Lend it from now on, in place of any other",
    security: admin,
    request: { params: study },
    responses: { ...governing, ...missing, 200: json("Lent", StudyDetail) },
  },
  deleteStudy: {
    method: "delete",
    path: "/api/studies/{studyId}",
    tags: ["admin"],
    summary:
      "Take it out of sight; its results come back if it is planned again",
    security: admin,
    request: { params: study },
    responses: { ...governing, ...missing, 204: noContent },
  },
  removeWorker: {
    method: "delete",
    path: "/api/workers/{workerId}",
    tags: ["admin"],
    summary: "Take a worker's token and leases away",
    description: "What it failed at is tried again, quarantined or not. Its " +
      "results stand, or with `results=withdraw` all but those are leased again " +
      "that the coordinator has trained to their end itself.",
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
    summary: "Figures for Prometheus; this machine needs no token",
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
