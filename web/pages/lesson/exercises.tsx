import type { JSX } from "preact";
import { type LessonWords, lessonWords } from "../../i18n/language.ts";
import { words } from "../../components/language.ts";
import { Command } from "./code.tsx";

type ExerciseId = keyof LessonWords["exercises"]["items"];

interface Exercise {
  readonly id: ExerciseId;
  readonly state: keyof LessonWords["exercises"]["states"];
  readonly command?: string;
}

/** d2l's exercises on dropout, in its order. */
export const exercises: readonly Exercise[] = [
  {
    id: "rates",
    state: "answered",
    command: "deno task start --study grid --replicates 3",
  },
  {
    id: "epochs",
    state: "partly",
    command: 'deno task start --points "0,0;0.2,0.5" --epochs 30',
  },
  { id: "variance", state: "open" },
  { id: "test", state: "answered" },
  { id: "decay", state: "partly" },
  { id: "weights", state: "open" },
  { id: "noise", state: "open" },
];

/** d2l's exercises, and which of them the swarm answers. */
export function Exercises(): JSX.Element {
  const t = words(lessonWords).exercises;
  return (
    <section id="exercises" aria-labelledby="exercises-heading">
      <h2 id="exercises-heading">{t.heading}</h2>
      <p>{t.intro}</p>
      <ol class="exercises">
        {exercises.map(({ id, state, command }) => (
          <li key={id}>
            <p>
              {t.items[id].asks}{" "}
              <span class={`tag is-${state}`}>{t.states[state]}</span>
            </p>
            <p class="note">
              {t.items[id].here}
              {command !== undefined && (
                <>
                  <Command line={command} />
                </>
              )}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}
