import type { JSX } from "preact";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { words } from "../ui/language.ts";
import { Segmented } from "../ui/segmented.tsx";
import type { LeaderboardState } from "./state.ts";
import { bandNames, curveNames } from "./view_state.ts";

/** Which metric the curves show, or all three as the lesson plots them. */
export function CurvePicker(
  { state }: { readonly state: LeaderboardState },
): JSX.Element {
  const t = words(leaderboardWords);
  const { curve, seedAxes } = state.view.value;
  return (
    <div class="pickers">
      <Segmented
        label={t.curves.metric}
        name="curve"
        options={[
          ...curveNames.map((name) => ({
            value: name,
            label: t.metrics[name].short,
          })),
          { value: "seed" as const, label: t.curves.axes },
        ]}
        value={seedAxes ? "seed" : curve}
        onChange={(name) =>
          state.change(
            name === "seed"
              ? { seedAxes: true }
              : { curve: name, seedAxes: false },
          )}
      />
    </div>
  );
}

/** What the bands around the curves show. */
export function BandPicker(
  { state }: { readonly state: LeaderboardState },
): JSX.Element {
  const t = words(leaderboardWords).curves;
  return (
    <div class="band-picker">
      <span aria-hidden="true">{t.bands}</span>
      <Segmented
        label={t.bands}
        name="band"
        options={bandNames.map((name) => ({
          value: name,
          label: t.bandNames[name],
        }))}
        value={state.view.value.band}
        onChange={(band) => state.change({ band })}
      />
    </div>
  );
}
