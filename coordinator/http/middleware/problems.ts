import type { Context } from "hono";
import { html } from "hono/html";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Problem, ProblemType } from "../../../protocol/problem.ts";
import type { Text } from "../../../protocol/text.ts";
import type { Log } from "../../service/log.ts";
import type { Outcome, Refused } from "../../service/service_types.ts";
import { NewerValueError, StorageError } from "../../storage/storage.ts";
import { isAnalystError } from "../../threads/analyst.ts";

/** Errors as problem details (RFC 9457), without internal details. */

const kinds: Record<
  ProblemType,
  { readonly status: ContentfulStatusCode; readonly title: string }
> = {
  "invalid-request": {
    status: 400,
    title: "The request does not fit its schema",
  },
  "unauthorized": { status: 401, title: "No valid token" },
  "foreign-origin": {
    status: 403,
    title: "Only the coordinator's own pages may do this",
  },
  "join-code": { status: 403, title: "A join code is needed" },
  "removed": { status: 403, title: "The operator removed this worker" },
  "not-found": { status: 404, title: "There is no such thing" },
  "stale-lease": { status: 409, title: "The lease is not yours any more" },
  "trial-completed": { status: 409, title: "The trial has a result already" },
  "trial-quarantined": { status: 409, title: "The trial is quarantined" },
  "conflicting-result": {
    status: 409,
    title: "Another result was delivered for this lease before",
  },
  "missing-weights": {
    status: 409,
    title: "The weights that the result names are not here",
  },
  "body-too-slow": { status: 408, title: "The body came too slowly" },
  "foreign-host": { status: 421, title: "Not this coordinator's name" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "rejected-result": {
    status: 422,
    title: "Training this trial cannot give this result",
  },
  "rejected-weights": {
    status: 422,
    title: "These cannot be the trial's weights",
  },
  "protocol-version": { status: 426, title: "Another protocol version" },
  "too-many-requests": { status: 429, title: "Too often" },
  "internal": { status: 500, title: "The coordinator failed" },
  "newer-version": { status: 501, title: "A newer version wrote this study" },
  "unavailable": { status: 503, title: "Not now" },
};

/** Of problems that a page's address can meet, for whoever opened it. */
const forReaders: Partial<Record<ProblemType, Text>> = {
  "invalid-request": { en: "This address is not right", zh: "这个地址不对" },
  "not-found": { en: "There is no page here", zh: "这里没有网页" },
  "foreign-host": {
    en: "This coordinator serves only its own machine",
    zh: "这个协调器只为它所在的机器服务",
  },
  "too-many-requests": {
    en: "Too often: wait a little, then load the page again",
    zh: "访问太频繁：请稍候再重新加载",
  },
  "internal": { en: "The coordinator failed", zh: "协调器出错了" },
  "newer-version": {
    en: "A newer version of this program wrote the study",
    zh: "这项研究由本程序的更新版本写成",
  },
  "unavailable": {
    en: "Not available now: load the page again in a moment",
    zh: "暂时不可用：请稍后重新加载",
  },
};

/** The problem as a page where a browser asks for one; null: as JSON. */
function problemPage({ type, detail }: Problem, c: Context): string | null {
  const words = forReaders[type];
  const wanted = c.req.header("accept")?.includes("text/html") ?? false;
  if (words === undefined || !wanted || c.req.method !== "GET") return null;
  // Relative, because the coordinator may be under a path of a proxy.
  const start = c.req.path.replaceAll(/[^/]/g, "").slice(1)
    .replaceAll("/", "../") || "./";
  return `${html`
    <!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <meta name="color-scheme" content="light dark">
      <title>${words.en}</title>
      <h1>${words.en}</h1>
      <h2 lang="zh-Hans">${words.zh}</h2>
      <p>${detail}</p>
      <p><a href="${start}">Leaderboard · <span lang="zh-Hans">排行榜</span></a></p>
    </html>
  `}`;
}

/** Thrown by handlers and middleware; it becomes the answer. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  /** Key for counting and logging: the type, or a more specific reason. */
  readonly reason: string;

  constructor(
    type: ProblemType,
    detail: string,
    more: {
      readonly status?: ContentfulStatusCode;
      /** Default: the type's. */
      readonly title?: string;
      readonly errors?: NonNullable<Problem["errors"]>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly reason?: string;
    } = {},
  ) {
    super(detail);
    const { status, title } = kinds[type];
    this.problem = {
      type,
      title: more.title ?? title,
      status: more.status ?? status,
      detail,
      ...more.errors === undefined ? {} : { errors: more.errors },
    };
    this.headers = more.headers ?? {};
    this.reason = more.reason ?? type;
  }
}

/** Called with every problem that is sent. */
export type NoteRefusal = (problem: ProblemError, c: Context) => void;

/** Converts an error to an answer; logs errors of the coordinator. */
export function problemResponse(
  error: unknown,
  c: Context,
  log: Log,
  note: NoteRefusal,
): Response {
  const refusal = toProblem(error, c, log);
  note(refusal, c);
  const { problem, headers } = refusal;
  const page = problemPage(problem, c);
  return new Response(page ?? JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "cache-control": "no-store",
      "content-type": page === null
        ? "application/problem+json"
        : "text/html; charset=utf-8",
      ...headers,
    },
  });
}

function toProblem(error: unknown, c: Context, log: Log): ProblemError {
  if (error instanceof ProblemError) return error;
  const request = { method: c.req.method, path: c.req.path };
  if (error instanceof HTTPException && error.status < 500) {
    return new ProblemError("invalid-request", `${error.message}: ` + hint(c), {
      status: contentful(error.status),
    });
  }
  // The storage has logged it once.
  if (error instanceof NewerValueError) {
    return new ProblemError("newer-version", error.line);
  }
  if (error instanceof StorageError) {
    log("error", "storage unavailable", { ...request, error: error.message });
    return new ProblemError(
      "unavailable",
      "the coordinator cannot store anything now; try again",
      { headers: { "retry-after": "5" } },
    );
  }
  if (isAnalystError(error)) {
    log("warn", "leaderboard unavailable", {
      ...request,
      error: error.message,
    });
    return new ProblemError(
      "unavailable",
      "the leaderboard cannot be worked out now; try again",
      { headers: { "retry-after": "5" }, reason: "unavailable:analyst" },
    );
  }
  if (isExhausted(error)) {
    // Its stack is not read: Deno opens files to format one and ends the
    // process if it cannot.
    return new ProblemError(
      "unavailable",
      "the coordinator has no free file descriptor now; try again",
      { headers: { "retry-after": "5" }, reason: "unavailable:descriptors" },
    );
  }
  log("error", "request failed", {
    ...request,
    error: error instanceof Error ? error.stack ?? error.message : `${error}`,
  });
  return new ProblemError(
    "internal",
    "the coordinator failed on this request; its log says why",
    { headers: { "retry-after": "5" } },
  );
}

/** Whether the process, or the system, has no file descriptor left. */
function isExhausted(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

function hint(c: Context): string {
  const type = c.req.header("content-type") ?? "no content type";
  return `${type}; send one JSON document as application/json`;
}

function contentful(status: number): ContentfulStatusCode {
  return status === 415 ? 415 : 400;
}

/** The value of a call. Throws the problem for a refusal. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const [type, detail, more] = problems[outcome.rejection];
  if (outcome.problems.length === 0) throw new ProblemError(type, detail, more);
  const [first] = outcome.problems;
  throw new ProblemError(type, `${detail}: ${first}`, {
    errors: outcome.problems.slice(0, 20).map((message) => ({
      path: "json.result",
      message,
    })),
  });
}

const problems: Record<
  Refused["rejection"],
  readonly [
    type: ProblemType,
    detail: string,
    more?: ConstructorParameters<typeof ProblemError>[2],
  ]
> = {
  "stale-lease": [
    "stale-lease",
    "the lease is unknown, over or another worker's; drop the trial",
  ],
  "trial-completed": [
    "trial-completed",
    "another attempt's result was accepted first; drop the trial",
  ],
  "trial-quarantined": [
    "trial-quarantined",
    "the trial failed on too many workers; drop it",
  ],
  "conflicting-result": [
    "conflicting-result",
    "this lease was completed with another result, which stands",
  ],
  "missing-weights": [
    "missing-weights",
    "the result's weights were not uploaded; upload them, then deliver " +
    "the result again",
  ],
  "rejected-weights": [
    "rejected-weights",
    "the weights were not accepted; drop the trial",
  ],
  "rejected-result": [
    "rejected-result",
    "the result was not accepted; drop the trial",
  ],
  "no-room": [
    "unavailable",
    "your share of the space for weights is used up: verification is slower " +
    "than training; try again",
    { headers: { "retry-after": "5" }, reason: "unavailable:weights" },
  ],
  "no-such-epoch": [
    "invalid-request",
    "the report names an epoch that the trial's recipe does not have",
  ],
  // Only for claims; the storage never offers such a trial.
  "not-leasable": ["internal", "the trial cannot be leased"],
};
