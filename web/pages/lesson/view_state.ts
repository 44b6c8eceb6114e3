import { type ReadonlySignal, signal } from "@preact/signals";
import { countIn, wordIn, writeQuery } from "../../components/links.ts";
import { MOST_DRAWS } from "./masks.ts";

/** Whether the network is shown in training or at test time. */
export const modes = ["training", "test"] as const;

export type Mode = typeof modes[number];

/** Which study the lesson shows. */
export const studyChoices = ["live", "sample"] as const;

export type StudyChoice = typeof studyChoices[number];

/** What a visitor chose. All of it is in the page's URL. */
export interface ViewState {
  /** The layer's rate. */
  readonly p: number;
  /** Number of draws, from 1. */
  readonly draws: number;
  /** The network's rates. */
  readonly p1: number;
  readonly p2: number;
  readonly mode: Mode;
  /** The network's step in training, from 1. */
  readonly step: number;
  /** Null: the live study if it has results, else the sample. */
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

/** Reads a query. Invalid values get their defaults. */
export function parseViewState(query: URLSearchParams): ViewState {
  const usual = defaultViewState;
  const rate = (name: "p" | "p1" | "p2") => {
    const text = query.get(name)?.trim() ?? "";
    const value = text === "" ? NaN : Number(text);
    return value >= 0 && value <= 1 ? value : usual[name];
  };
  return {
    p: rate("p"),
    draws: countIn(query, "draws", MOST_DRAWS) ?? usual.draws,
    p1: rate("p1"),
    p2: rate("p2"),
    mode: wordIn(query, "mode", modes) ?? usual.mode,
    step: countIn(query, "step", MOST_DRAWS) ?? usual.step,
    study: wordIn(query, "study", studyChoices),
  };
}

/** Writes the state into `query`, without default values. */
export function writeViewState(state: ViewState, query: URLSearchParams): void {
  writeQuery(state, defaultViewState, query);
}

/** The visitor's choices, and how to change them. */
export interface LessonState {
  readonly view: ReadonlySignal<ViewState>;
  change(view: Partial<ViewState>): void;
}

/** State that begins with `start`. */
export function createLessonState(start: ViewState): LessonState {
  const view = signal(start);
  return {
    view,
    change: (change) => {
      view.value = { ...view.value, ...change };
    },
  };
}
