import type { ProblemType } from "../protocol/problem.ts";
import type { Outcome, Refused } from "../swarm/calls.ts";
import { ProblemError } from "./problems.ts";

/** The value of a call; a refusal is thrown as its problem. */
export function must<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const [type, detail] = problems[outcome.rejection];
  if (outcome.problems.length === 0) throw new ProblemError(type, detail);
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
  readonly [type: ProblemType, detail: string]
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
    "the result names weights that are not here; upload them, then deliver " +
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
  "no-such-epoch": [
    "invalid-request",
    "the report names an epoch that the trial's recipe does not have",
  ],
  // Answers a claim only, and the storage offers no such trial.
  "not-leasable": ["internal", "the trial cannot be leased"],
};
