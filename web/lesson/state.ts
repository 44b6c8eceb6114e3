import { type ReadonlySignal, signal } from "@preact/signals";
import type { ViewState } from "./view_state.ts";

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
