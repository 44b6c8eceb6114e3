import { type ReadonlySignal, signal } from "@preact/signals";
import { MOST_DRAWS } from "./masks.ts";

/** Whether the network is shown as it trains or as it is used. */
export const modes = ["training", "test"] as const;

export type Mode = typeof modes[number];

/** Which study the lesson argues with. */
export const studyChoices = ["live", "sample"] as const;

export type StudyChoice = typeof studyChoices[number];

/** What a visitor chose: all of it is in the page's address. */
export interface ViewState {
  /** The layer's rate. */
  readonly p: number;
  /** Draws so far, from 1. */
  readonly draws: number;
  /** The network's rates. */
  readonly p1: number;
  readonly p2: number;
  readonly mode: Mode;
  /** The network's step in training, from 1. */
  readonly step: number;
  /** Null: live where there are results, the sample elsewhere. */
  readonly study: StudyChoice | null;
}

/** The network begins with the notebook's baseline. */
export const defaultViewState: ViewState = {
  p: 0.5,
  draws: 1,
  p1: 0.2,
  p2: 0.5,
  mode: "training",
  step: 1,
  study: null,
};

/** Reads a link; what it does not understand it leaves at the default. */
export function parseViewState(query: URLSearchParams): ViewState {
  const rate = (name: "p" | "p1" | "p2") => {
    const text = query.get(name)?.trim() ?? "";
    const value = text === "" ? NaN : Number(text);
    return value >= 0 && value <= 1 ? value : defaultViewState[name];
  };
  const count = (name: "draws" | "step") => {
    const value = Number(query.get(name));
    return Number.isInteger(value) && value >= 1 && value <= MOST_DRAWS
      ? value
      : defaultViewState[name];
  };
  const oneOf = <T extends string>(known: readonly T[], name: string) =>
    known.find((one) => one === query.get(name));
  return {
    p: rate("p"),
    draws: count("draws"),
    p1: rate("p1"),
    p2: rate("p2"),
    mode: oneOf(modes, "mode") ?? defaultViewState.mode,
    step: count("step"),
    study: oneOf(studyChoices, "study") ?? defaultViewState.study,
  };
}

/** Writes the state into `query`, and takes out what is at its default. */
export function writeViewState(state: ViewState, query: URLSearchParams): void {
  for (const name of ["p", "draws", "p1", "p2", "mode", "step"] as const) {
    if (state[name] === defaultViewState[name]) query.delete(name);
    else query.set(name, `${state[name]}`);
  }
  if (state.study === null) query.delete("study");
  else query.set("study", state.study);
}

/** What the visitor chose, and how they change it. */
export interface LessonState {
  readonly view: ReadonlySignal<ViewState>;
  change(view: Partial<ViewState>): void;
}

/** State that starts at `start`. */
export function createLessonState(start: ViewState): LessonState {
  const view = signal(start);
  return {
    view,
    change: (change) => {
      view.value = { ...view.value, ...change };
    },
  };
}
