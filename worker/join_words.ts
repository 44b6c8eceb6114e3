import type { Params } from "../coordinator/protocol/study.ts";
import type { NoLeaseReason } from "../coordinator/protocol/swarm.ts";
import type { TrialResult } from "../coordinator/protocol/training.ts";
import type { SessionEvent } from "./session_types.ts";
import type { BackendReport } from "./trainer_api.ts";

/** What the `join` command says, as plain text. */

/** One line on an event; null for those that only move a bar. */
export function describeEvent(event: SessionEvent): string | null {
  switch (event.type) {
    case "registered":
      return `joined as ${event.name}`;
    case "trainer-ready":
      return `thread ${event.slot + 1}: ${describeBackend(event.report)}`;
    case "trainer-failed":
      return `thread ${event.slot + 1}: ${event.message}; starting another`;
    case "waiting":
      return `thread ${event.slot + 1}: ${WAITING[event.reason]}; ` +
        `asks again every ${Math.ceil(event.seconds)} s`;
    case "leased": {
      const { trial, slot } = event;
      return `thread ${slot + 1}: trains ${describeParams(trial.params)}, ` +
        `replicate ${trial.replicate}, ${
          counted(trial.recipe.epochs, "epoch")
        }`;
    }
    case "progress":
    case "epoch":
      return null;
    case "completed": {
      const { trial, slot, result } = event;
      return `thread ${slot + 1}: done ${describeParams(trial.params)}, ` +
        `replicate ${trial.replicate}: ${describeResult(result)}`;
    }
    case "refused":
      return `thread ${event.slot + 1}: ${event.trialId} was refused: ` +
        event.message;
    case "abandoned":
      return `thread ${event.slot + 1}: gave up ${event.trialId}: ` +
        event.message;
    case "connection-lost":
      return `connection lost: ${event.message}; training goes on`;
    case "connection-restored":
      return "connection restored";
    case "stopped":
      return describeEnd(event);
    default:
      return event satisfies never;
  }
}

const WAITING: Readonly<Record<NoLeaseReason, string>> = {
  "study-complete": "the study is complete",
  "all-leased": "every trial is being trained by someone",
  "enough-leases": "this worker has its share of trials",
  "no-study": "the coordinator has no study",
};

/** `simd, 4.6 ms a step (webgpu 101 ms, wasm 24 ms)`. */
export function describeBackend(report: BackendReport): string {
  const { backend, backendDetail, stepMilliseconds, measurements } = report;
  const others = measurements.flatMap((other) =>
    other.backend === backend || other.stepMilliseconds === null
      ? []
      : [`${other.backend} ${milliseconds(other.stepMilliseconds)}`]
  );
  return `${backend} (${backendDetail}), ` +
    `${milliseconds(stepMilliseconds)} a step` +
    (others.length === 0 ? "" : `; ${others.join(", ")}`);
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

/** `dropout 0.2, 0.5`. */
export function describeParams({ dropout1, dropout2 }: Params): string {
  return `dropout ${dropout1}, ${dropout2}`;
}

function describeResult(result: TrialResult): string {
  const time = `${result.seconds.toFixed(1)} s`;
  switch (result.outcome) {
    case "diverged":
      return `diverged in epoch ${result.divergedAtEpoch}, ${time}`;
    case "trained": {
      const final = result.epochs.at(-1);
      if (final === undefined) return time;
      return `loss ${final.trainLoss.toFixed(4)}, ` +
        `test accuracy ${final.testAccuracy.toFixed(4)}, ${time}`;
    }
    default:
      return result satisfies never;
  }
}

function describeEnd(
  { end }: Extract<SessionEvent, { type: "stopped" }>,
): string | null {
  switch (end.reason) {
    case "left":
      return "left; leases handed back";
    case "study-complete":
      return "the study is complete";
    case "failed":
      // It goes to standard error as the command's own error.
      return null;
    default:
      return end satisfies never;
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
