import type { TrialSpec } from "../../../protocol/study.ts";
import type { EpochMetrics } from "../../../protocol/training.ts";
import type {
  AbandonReason,
  FetchProgress,
  SessionEnd,
  SessionEvent,
  TrainerFailure,
  WaitingReason,
} from "../../../worker/main_browser.ts";

/** What a trainer thread does. */
export type SlotPhase =
  /** The thread starts and measures the backends. */
  | { readonly kind: "starting" }
  | {
    readonly kind: "waiting";
    readonly reason: WaitingReason;
    /** Time of the next request, in milliseconds of the page's clock. */
    readonly until: number;
  }
  | { readonly kind: "training"; readonly trial: TrialInHand };

export interface TrialInHand {
  readonly spec: TrialSpec;
  readonly attempt: number;
  readonly epochs: readonly EpochMetrics[];
  /** Current epoch and step; null before the thread's first report. */
  readonly at: {
    readonly epoch: number;
    readonly step: number;
    readonly steps: number;
  } | null;
  /** Measured since the thread's first report; null while unknown. */
  readonly stepsPerSecond: number | null;
  readonly first: { readonly time: number; readonly steps: number } | null;
}

export interface Slot {
  readonly slot: number;
  readonly phase: SlotPhase;
  readonly report: ReadyReport | null;
}

type ReadyReport = Extract<SessionEvent, { type: "trainer-ready" }>["report"];

/** What the device has contributed to studies. */
export interface Contribution {
  readonly trials: number;
  readonly epochs: number;
  /** Seconds of training, summed over all threads. */
  readonly seconds: number;
}

export const noContribution: Contribution = {
  trials: 0,
  epochs: 0,
  seconds: 0,
};

/** A problem that was solved. */
export type Trouble =
  & (
    | { readonly kind: "trainer"; readonly failure: TrainerFailure }
    | { readonly kind: "trial"; readonly reason: LossReason }
  )
  /** The message of the thread or the coordinator, in English. */
  & { readonly message: string };

/** Why a trial was lost, if the user did not stop it. */
export type LossReason = Exclude<AbandonReason, "left">;

/** All that the page shows about training, computed from session events. */
export interface ProgressModel {
  /** The name that the coordinator gave to this device; null before that. */
  readonly name: string | null;
  readonly download: FetchProgress | null;
  readonly slots: readonly Slot[];
  readonly contribution: Contribution;
  /** The error while the coordinator does not answer; else null. */
  readonly connectionLost: string | null;
  /** The last problem that was solved. */
  readonly trouble: Trouble | null;
  readonly end: SessionEnd | null;
}

export function emptyModel(contribution: Contribution): ProgressModel {
  return {
    name: null,
    download: null,
    slots: [],
    contribution,
    connectionLost: null,
    trouble: null,
    end: null,
  };
}

/**
 * The model after an event.
 *
 * @param now milliseconds of a monotonic clock
 */
export function takeEvent(
  model: ProgressModel,
  event: SessionEvent,
  now: number,
): ProgressModel {
  switch (event.type) {
    case "registered":
      return { ...model, name: event.name };
    case "trainer-ready":
      return withSlot(model, event.slot, (slot) => ({
        ...slot,
        report: event.report,
      }));
    case "trainer-failed":
      return {
        ...withPhase(model, event.slot, { kind: "starting" }),
        trouble: {
          kind: "trainer",
          failure: event.failure,
          message: event.message,
        },
      };
    case "waiting":
      return withPhase(model, event.slot, {
        kind: "waiting",
        reason: event.reason,
        until: now + event.seconds * 1000,
      });
    case "leased":
      return withPhase(model, event.slot, {
        kind: "training",
        trial: {
          spec: event.trial,
          attempt: event.attempt,
          epochs: [],
          at: null,
          stepsPerSecond: null,
          first: null,
        },
      });
    case "progress":
      return withTrial(model, event.slot, (trial) => {
        const { epoch, step, steps } = event.progress;
        const done = (epoch - 1) * steps + step;
        const first = trial.first ?? { time: now, steps: done };
        const seconds = (now - first.time) / 1000;
        return {
          ...trial,
          at: { epoch, step, steps },
          first,
          stepsPerSecond: seconds > 0.5
            ? (done - first.steps) / seconds
            : trial.stepsPerSecond,
        };
      });
    case "epoch": {
      const { contribution } = model;
      return {
        ...withTrial(model, event.slot, (trial) => ({
          ...trial,
          epochs: [...trial.epochs, event.metrics],
        })),
        contribution: {
          ...contribution,
          epochs: contribution.epochs + 1,
          seconds: contribution.seconds + event.metrics.seconds,
        },
      };
    }
    case "completed":
      return {
        ...withPhase(model, event.slot, { kind: "starting" }),
        contribution: {
          ...model.contribution,
          trials: model.contribution.trials + 1,
        },
        trouble: null,
      };
    case "refused": {
      const { contribution } = model;
      const trials = Math.max(0, contribution.trials - 1);
      return {
        ...model,
        contribution: { ...contribution, trials },
        trouble: {
          kind: "trial",
          reason: "result-refused",
          message: event.message,
        },
      };
    }
    case "abandoned":
      return {
        ...withPhase(model, event.slot, { kind: "starting" }),
        trouble: troubleAfter(model.trouble, event),
      };
    case "connection-lost":
      return { ...model, connectionLost: event.message };
    case "connection-restored":
      return { ...model, connectionLost: null };
    case "stopped":
      return { ...model, slots: [], connectionLost: null, end: event.end };
    default:
      return event satisfies never;
  }
}

/** The model after some bytes: a thread that waited for data does so no more. */
export function takeDownload(
  model: ProgressModel,
  download: FetchProgress,
): ProgressModel {
  const slots = model.slots.map((slot) =>
    slot.phase.kind === "waiting" && slot.phase.reason === "no-data"
      ? { ...slot, phase: { kind: "starting" } as const }
      : slot
  );
  return { ...model, download, slots };
}

function troubleAfter(
  before: Trouble | null,
  { reason, message }: Extract<SessionEvent, { type: "abandoned" }>,
): Trouble | null {
  if (reason === "left") return before;
  // The event before this one told how the trainer failed, which says more.
  if (reason === "trainer-failed" && before?.kind === "trainer") return before;
  return { kind: "trial", reason, message };
}

/** The part of a trial that is done, in [0, 1]. */
export function shareDone({ spec, at, epochs }: TrialInHand): number {
  const all = spec.recipe.epochs;
  if (at === null) return epochs.length / all;
  return Math.min(1, (at.epoch - 1 + at.step / at.steps) / all);
}

/** Seconds until the trial is trained; null while unknown. */
export function secondsLeft(trial: TrialInHand): number | null {
  const { epochs, spec } = trial;
  const left = (1 - shareDone(trial)) * spec.recipe.epochs;
  if (epochs.length > 0) {
    // An epoch's seconds include its evaluation; the step rate does not.
    const spent = epochs.reduce((sum, { seconds }) => sum + seconds, 0);
    return left * spent / epochs.length;
  }
  if (trial.stepsPerSecond === null || trial.at === null) return null;
  if (trial.stepsPerSecond <= 0) return null;
  return left * trial.at.steps / trial.stepsPerSecond;
}

function withSlot(
  model: ProgressModel,
  number: number,
  change: (slot: Slot) => Slot,
): ProgressModel {
  const known = model.slots.find(({ slot }) => slot === number);
  const before: Slot = known ??
    { slot: number, phase: { kind: "starting" }, report: null };
  const others = model.slots.filter(({ slot }) => slot !== number);
  const slots = [...others, change(before)].toSorted((a, b) => a.slot - b.slot);
  return { ...model, slots };
}

function withPhase(
  model: ProgressModel,
  number: number,
  phase: SlotPhase,
): ProgressModel {
  return withSlot(model, number, (slot) => ({ ...slot, phase }));
}

function withTrial(
  model: ProgressModel,
  number: number,
  change: (trial: TrialInHand) => TrialInHand,
): ProgressModel {
  return withSlot(
    model,
    number,
    (slot) =>
      slot.phase.kind === "training"
        ? { ...slot, phase: { ...slot.phase, trial: change(slot.phase.trial) } }
        : slot,
  );
}
