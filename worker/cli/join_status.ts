import {
  axesOf,
  isRatePair,
  pointText,
  ratesOf,
} from "../../protocol/grid_point.ts";
import cliProgress from "cli-progress";
import type { Writable } from "node:stream";
import pc from "picocolors";
import type { Params } from "../../protocol/study.ts";
import type { TrialResult } from "../../protocol/training.ts";
import type { SessionEvent, WaitingReason } from "../session/session_types.ts";
import type { BackendReport } from "../trainer/trainer_api.ts";

/** Shows what a worker does, on a terminal or in a log. */
export interface JoinStatus {
  readonly onEvent: (event: SessionEvent) => void;
  /** A download is so far; the same label goes on with the same bar. */
  readonly onTransfer: (
    label: string,
    receivedBytes: number,
    totalBytes: number | null,
  ) => void;
  readonly line: (text: string) => void;
  /** Leaves the terminal as it was found. */
  readonly close: () => void;
}

/** One line for each thing that happened: for logs and pipes. */
export function plainStatus(write: (text: string) => void): JoinStatus {
  const line = (text: string) => write(`${text}\n`);
  let waiting = "";
  let quarter = "";
  return {
    line,
    close: () => {},
    onEvent(event) {
      const text = describeEvent(event);
      if (text === null) return;
      // A worker without work says so once, not every few seconds.
      if (event.type === "waiting") {
        if (waiting === text) return;
        waiting = text;
      } else if (event.type === "leased") waiting = "";
      line(text);
    },
    onTransfer(label, received, total) {
      const percent = total === null
        ? null
        : Math.floor(4 * received / total) * 25;
      const text = `${label}: ${megabytes(received, total)}` +
        (percent === null ? "" : ` (${percent}%)`);
      const step = `${label} ${percent ?? ""}`;
      if (step === quarter) return;
      quarter = step;
      line(text);
    },
  };
}

function megabytes(received: number, total: number | null): string {
  const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
  return total === null
    ? `${mega(received)} MB`
    : `${mega(received)} of ${mega(total)} MB`;
}

/** A bar for each thread, and lines that scroll above them. */
export function terminalStatus(stream: Writable): JoinStatus {
  const bars = new cliProgress.MultiBar({
    stream,
    hideCursor: true,
    clearOnComplete: true,
    // Signals are the command's own affair.
    gracefulExit: false,
    autopadding: true,
    barsize: 20,
    format: "{title} {bar} {what}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
  });
  const slots: cliProgress.SingleBar[] = [];
  const trials = new Map<number, { title: string; epochs: number }>();
  let transfer: cliProgress.SingleBar | null = null;

  const line = (text: string) => {
    // The bars write out what is logged; without one nobody would.
    if (slots.length === 0 && transfer === null) stream.write(`${text}\n`);
    else bars.log(`${text}\n`);
  };
  const show = (slot: number, done: number, of: number, what: string) => {
    // In order, whichever thread is first to do something.
    while (slots.length <= slot) {
      const title = pc.bold(`thread ${slots.length + 1}`);
      slots.push(bars.create(1, 0, { title, what: "" }));
    }
    const bar = slots[slot];
    bar?.setTotal(Math.max(of, 1));
    bar?.update(done, { what });
  };
  const stop = () => {
    if (slots.length === 0) return;
    slots.length = 0;
    // Writes out the last lines, which stopping alone would lose.
    bars.update();
    bars.stop();
  };

  return {
    line,
    close: stop,
    onEvent(event) {
      switch (event.type) {
        case "leased": {
          const { epochs } = event.trial.recipe;
          const title = describeParams(event.trial.params);
          trials.set(event.slot, { title, epochs });
          show(event.slot, 0, 1, `${title}  epoch 1/${epochs}`);
          return;
        }
        case "progress": {
          const { slot, progress: { epoch, step, steps } } = event;
          const { title, epochs } = trials.get(slot) ??
            { title: "", epochs: epoch };
          show(
            slot,
            (epoch - 1) * steps + step,
            epochs * steps,
            `${title}  epoch ${epoch}/${epochs}`,
          );
          return;
        }
        case "waiting":
          show(event.slot, 0, 1, pc.dim(describeEvent(event) ?? ""));
          return;
        case "stopped": {
          stop();
          const text = describeEvent(event);
          if (text !== null) stream.write(`${text}\n`);
          return;
        }
        default: {
          const text = describeEvent(event);
          if (text !== null) line(coloured(event, text));
        }
      }
    },
    onTransfer(label, received, total) {
      const what = `${label}: ${megabytes(received, total)}`;
      transfer ??= bars.create(total ?? 1, 0, { title: "data", what });
      transfer.setTotal(total ?? received + 1);
      transfer.update(received, { what });
      if (received !== total) return;
      bars.remove(transfer);
      transfer = null;
    },
  };
}

function coloured(event: SessionEvent, text: string): string {
  switch (event.type) {
    case "completed":
    case "connection-restored":
      return pc.green(text);
    case "connection-lost":
    case "abandoned":
    case "refused":
    case "trainer-failed":
      return pc.yellow(text);
    default:
      return text;
  }
}

/** What the `join` command says, as plain text. */

/** One line on an event; null for those that only move a bar. */
export function describeEvent(event: SessionEvent): string | null {
  switch (event.type) {
    case "registered":
      return `joined as ${event.name}`;
    case "trainer-ready":
      return `thread ${event.slot + 1}: ${describeBackend(event.report)}`;
    case "trainer-failed":
      // The trial is given up, with the same words.
      if (event.failure === "memory") return null;
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
      return `connection lost: ${event.message}; trying again`;
    case "connection-restored":
      return "connection restored";
    case "stopped":
      return describeEnd(event);
    default:
      return event satisfies never;
  }
}

const WAITING: Readonly<Record<WaitingReason, string>> = {
  "no-data": "the coordinator cannot send its data set now",
  "study-complete": "the study is complete",
  "all-leased": "every trial is being trained by someone",
  "enough-leases": "this worker has its share of trials",
  "verdicts-pending": "earlier results from here are still being checked",
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

/** `dropout 0.2, 0.5`, or `learning rate 0.1`. */
export function describeParams(params: Params): string {
  const axes = axesOf([params]);
  const { dropout1, dropout2 } = ratesOf(params);
  return isRatePair(axes)
    ? `dropout ${dropout1}, ${dropout2}`
    : pointText(params).en;
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
