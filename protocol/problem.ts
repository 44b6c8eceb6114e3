import * as z from "zod";
import type { Infer } from "./ids.ts";
import { cutText } from "./text.ts";

/** The kinds of error that a client can tell apart and act on. */
export type ProblemType = Infer<typeof ProblemType>;
/** @internal */
export const ProblemType = z.enum([
  /** The body, query or path does not fit its schema. 400 */
  "invalid-request",
  /** The bearer token is missing or wrong. Register again. 401 */
  "unauthorized",
  /** A page of another site tried to change state. 403 */
  "foreign-origin",
  /** This coordinator requires a join code, and the given one is wrong. 403 */
  "join-code",
  /** The operator removed this worker. 403 */
  "removed",
  "not-found",
  /** The attempt is not the latest, or the lease is not yours any more. 409 */
  "stale-lease",
  /** The trial has an accepted result already. 409 */
  "trial-completed",
  /** The trial is quarantined. 409 */
  "trial-quarantined",
  /** The same lease was completed before with another result. 409 */
  "conflicting-result",
  /** The body did not come in time. 408 */
  "body-too-slow",
  "body-too-large",
  /** Upload the weights that the result names, then deliver it again. 409 */
  "missing-weights",
  /** The call names a host that this coordinator does not serve. 421 */
  "foreign-host",
  /** The result cannot be what training this trial yields. 422 */
  "rejected-result",
  /** The weights' length does not match the trial's network. 422 */
  "rejected-weights",
  /** Worker and coordinator speak different versions. 426 */
  "protocol-version",
  /** Wait `Retry-After` seconds. 429 */
  "too-many-requests",
  "internal",
  /**
   * A newer version wrote the study, and this coordinator cannot read it. Try
   * again: behind a balancer, another coordinator may be able to. 501
   */
  "newer-version",
  /** Try again after `Retry-After` seconds. 503 */
  "unavailable",
]);

/** Problem details, RFC 9457; `type` is relative to the API's document. */
export type Problem = Infer<typeof Problem>;
/** @internal */
export const Problem = z.object({
  type: ProblemType,
  title: cutText(200),
  status: z.int().min(400).max(599),
  /** What failed: the value; what to do. */
  detail: cutText(2000),
  /** Each fault of an invalid request, and its place. */
  errors: z.array(
    z.object({ path: cutText(200), message: cutText(1000) }),
  ).optional(),
});
