import type { JSX } from "preact";
import type { TrialState } from "../../coordinator/protocol/views.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { words } from "../ui/language.ts";

/** Where a trial stands, in a word and a mark. */
export function StateTag(
  { state, outcome }: {
    readonly state: TrialState;
    readonly outcome?: "trained" | "diverged" | null;
  },
): JSX.Element {
  const t = words(trialsWords);
  const diverged = outcome === "diverged";
  return (
    <span class={`state is-${diverged ? "diverged" : state}`}>
      <i class={`dot is-${dots[state]}`} aria-hidden="true" />
      {diverged ? t.diverged : t.states[state]}
    </span>
  );
}

/** As the leaderboard's dots are named. */
const dots = {
  queued: "queued",
  leased: "running",
  verifying: "running",
  completed: "done",
  quarantined: "quarantined",
} as const satisfies Record<TrialState, string>;
