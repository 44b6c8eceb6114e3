import { zodToOpenAPIRegistry } from "@asteasolutions/zod-to-openapi";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { Leaderboard } from "../../../protocol/leaderboard.ts";
import {
  CompleteRequest,
  Lease,
  LeaseRequest,
  RegisterRequest,
  RegisterResponse,
  ReleaseRequest,
  RenewRequest,
  RenewResponse,
  ReportRequest,
} from "../../../protocol/lease.ts";
import { Problem } from "../../../protocol/problem.ts";
import {
  DatasetManifest,
  Params,
  Recipe,
  StudyDefinition,
  TrialSpec,
} from "../../../protocol/study.ts";
import { EpochMetrics, TrialResult } from "../../../protocol/training.ts";
import { API_PAGE, wayUp } from "../../../protocol/pages.ts";
import { PROTOCOL_VERSION } from "../../../protocol/version.ts";
import {
  PointView,
  StudyDetail,
  TrialCurve,
  TrialSummary,
  TrialView,
  WorkerView,
} from "../../../protocol/views.ts";
import type { WorkerEnv } from "./authenticate.ts";

/** Schemas that are named components of the document. */
const named = {
  CompleteRequest,
  DatasetManifest,
  EpochMetrics,
  Leaderboard,
  Lease,
  LeaseRequest,
  Params,
  PointView,
  Problem,
  Recipe,
  RegisterRequest,
  RegisterResponse,
  ReleaseRequest,
  RenewRequest,
  RenewResponse,
  ReportRequest,
  StudyDefinition,
  StudyDetail,
  TrialCurve,
  TrialResult,
  TrialSpec,
  TrialSummary,
  TrialView,
  WorkerView,
};

// Added directly to the generator's registry: `.openapi(name)` would name a
// copy, and schemas nested in other schemas would remain without a name.
for (const [refId, schema] of Object.entries(named)) {
  zodToOpenAPIRegistry.add(schema, { _internal: { refId } });
}

/**
 * The OpenAPI 3.1 document of the app's routes, as JSON.
 *
 * @param server The coordinator's URL, or one relative to the document's.
 */
export function openApiDocument(
  app: OpenAPIHono<WorkerEnv>,
  server: string,
): string {
  app.openAPIRegistry.registerComponent("securitySchemes", "worker", {
    type: "http",
    scheme: "bearer",
    description: "The token from the registration",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "admin", {
    type: "http",
    scheme: "bearer",
    description: "The token that the coordinator printed at its first start",
  });
  return JSON.stringify(app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Dropout swarm",
      version: String(PROTOCOL_VERSION),
      description:
        "Volunteers lease trials, train them and deliver results; pages read " +
        "what came of it. Errors are problem details (RFC 9457).",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT" },
    },
    servers: [{ url: server }],
    tags: [
      { name: "worker", description: "What workers call" },
      { name: "admin", description: "What the operator calls" },
      { name: "read", description: "What pages and people read" },
    ],
  }));
}

/** A page that shows the OpenAPI document with Swagger UI. */

/** Path of the page's files on the server. */
export const API_PAGE_FILES = `${API_PAGE}/page`;

const up = wayUp(API_PAGE);
const files = `${up}${API_PAGE_FILES.slice(1)}`;

export const apiPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of the dropout swarm</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${files}/swagger-ui.css">
<link rel="stylesheet" href="${files}/style.css">
</head>
<body>
<header class="frame"><a href="${up}">dropout-swarm</a></header>
<main id="api"></main>
<script src="${files}/swagger-ui-bundle.js"></script>
<script src="${files}/start.js"></script>
</body>
</html>
`;
