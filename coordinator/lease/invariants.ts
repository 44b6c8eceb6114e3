import type { WorkerId } from "../../protocol/ids.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import {
  deliveredAttempts,
  runningAttempts,
  type TrialRecord,
} from "./trial.ts";

/**
 * Checks the invariants of all trials.
 *
 * @param credit Accepted results credited to each worker, over exactly the
 * given trials; absent: not checked.
 * @returns the violations as sentences; empty if there are none.
 */
export function checkInvariants(
  trials: readonly TrialRecord[],
  credit?: ReadonlyMap<WorkerId, number>,
  policy: Policy = defaultPolicy,
): string[] {
  const violations = trials.flatMap((trial) =>
    checkTrial(trial, policy).map((text) => `${trial.spec.trialId}: ${text}`)
  );
  const leases = trials.flatMap((t) => t.attempts.map((a) => a.leaseId));
  if (new Set(leases).size !== leases.length) {
    violations.push("two attempts have the same lease id");
  }
  if (credit === undefined) return violations;
  const earned = new Map<WorkerId, number>();
  for (const trial of trials) {
    if (trial.state !== "completed") continue;
    const { workerId } = trial.accepted;
    earned.set(workerId, (earned.get(workerId) ?? 0) + 1);
  }
  for (const workerId of new Set([...earned.keys(), ...credit.keys()])) {
    const is = credit.get(workerId) ?? 0;
    const due = earned.get(workerId) ?? 0;
    if (is !== due) {
      violations.push(
        `worker ${workerId} is credited ${is} results, not ${due}`,
      );
    }
  }
  return violations;
}

function checkTrial(trial: TrialRecord, policy: Policy): string[] {
  const violations: string[] = [];
  const { attempts } = trial;
  attempts.forEach((a, i) => {
    if (a.attempt !== i + 1) {
      violations.push(`attempt ${a.attempt} is at position ${i + 1}`);
    }
    const numbers = a.epochs.map(({ epoch }) => epoch);
    if (numbers.some((n, j) => j > 0 && n <= (numbers[j - 1] ?? 0))) {
      violations.push(
        `attempt ${a.attempt}: its epochs are not in rising order`,
      );
    }
    if (numbers.some((n) => n > trial.spec.recipe.epochs)) {
      violations.push(
        `attempt ${a.attempt}: an epoch that its recipe does not have`,
      );
    }
    if (a.state !== "running" && a.endedAt < a.startedAt) {
      violations.push(`attempt ${a.attempt} ended before it began`);
    }
  });
  const running = runningAttempts(trial).length;
  const completed = attempts.filter((a) => a.state === "completed");
  const superseded = attempts.some((a) => a.state === "superseded");
  if (running > policy.runningAttempts) {
    violations.push(`${running} attempts run at once`);
  }
  const holders = runningAttempts(trial).map((a) => a.workerId);
  if (new Set(holders).size !== running) {
    violations.push("a worker has two running attempts at one trial");
  }
  const delivered = deliveredAttempts(trial).length;
  if ((trial.state === "verifying") !== (delivered > 0)) {
    violations.push(`${trial.state} with ${delivered} delivered attempts`);
  }
  const mayRun = trial.state === "leased" || trial.state === "verifying";
  if (trial.state === "leased" && running === 0 || running > 0 && !mayRun) {
    violations.push(`${trial.state} with ${running} running attempts`);
  }
  if (trial.state !== "completed") {
    if (completed.length > 0) {
      violations.push(`${trial.state} with a completed attempt`);
    }
    // Except after a withdrawn result.
    if (superseded && !attempts.some((a) => a.state === "refused")) {
      violations.push("superseded without an accepted result");
    }
    return violations;
  }
  const { accepted } = trial;
  const [by] = completed;
  if (
    completed.length !== 1 || by?.attempt !== accepted.attempt ||
    by.leaseId !== accepted.leaseId || by.workerId !== accepted.workerId
  ) {
    violations.push("the accepted result is not its one completed attempt's");
  }
  return violations;
}
