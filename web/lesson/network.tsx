import type { JSX } from "preact";
import { lessonWords } from "../i18n/lesson_words.ts";
import { Segmented } from "../ui/segmented.tsx";
import { formats, words } from "../ui/language.ts";
import { factorsAt, HIDDEN_UNITS, MOST_DRAWS } from "./masks.ts";
import { NetworkPicture } from "./network_picture.tsx";
import { RateSlider } from "./rate_slider.tsx";
import type { LessonState } from "./state.ts";
import { modes } from "./view_state.ts";

/** The network with the masks of one step, or as it is at test time. */
export function Network(
  { state }: { readonly state: LessonState },
): JSX.Element {
  const t = words(lessonWords).network;
  const { p1, p2, mode, step } = state.view.value;
  const { integer } = formats.value;
  const training = mode === "training";
  const kept = ([p1, p2] as const).map((rate, layer) =>
    Array.from(
      factorsAt(step - 1, layer, training ? rate : 0, HIDDEN_UNITS),
      (factor) => factor > 0,
    )
  );
  const counts = kept.map((layer) => layer.filter(Boolean).length);
  return (
    <section id="network" aria-labelledby="network-heading">
      <h2 id="network-heading">{t.heading}</h2>
      <p>{t.intro}</p>
      <div class="bench">
        <div class="controls">
          <Segmented
            label={t.mode}
            name="mode"
            options={modes.map((value) => ({ value, label: t.modes[value] }))}
            value={mode}
            onChange={(value) => state.change({ mode: value })}
          />
          <RateSlider
            label={t.rate1}
            value={p1}
            onChange={(rate) => state.change({ p1: rate })}
          />
          <RateSlider
            label={t.rate2}
            value={p2}
            onChange={(rate) => state.change({ p2: rate })}
          />
          <div class="buttons">
            <button
              type="button"
              class="button"
              disabled={!training}
              onClick={() => state.change({ step: step % MOST_DRAWS + 1 })}
            >
              {t.next}
            </button>
            {training && <span class="faint">{t.step(integer(step))}</span>}
          </div>
        </div>
        <figure class="network">
          <NetworkPicture
            kept={[kept[0] ?? [], kept[1] ?? []]}
            label={t.picture(integer(counts[0] ?? 0), integer(counts[1] ?? 0))}
          />
          <figcaption>
            <div role="status">
              {training
                ? <TrainingFacts rates={[p1, p2]} counts={counts} />
                : <p>{t.asTest}</p>}
            </div>
          </figcaption>
        </figure>
      </div>
      <h3>{t.whyHeading}</h3>
      <p>{t.why}</p>
    </section>
  );
}

function TrainingFacts(
  { rates, counts }: {
    readonly rates: readonly [number, number];
    readonly counts: readonly number[];
  },
): JSX.Element {
  const t = words(lessonWords).network;
  const { fixed, integer, percent } = formats.value;
  const layers = [t.parts.hidden1, t.parts.hidden2];
  const shares = counts.map((count) => count / HIDDEN_UNITS);
  const joined = shares.reduce((product, share) => product * share, 1);
  return (
    <>
      {rates.map((rate, i) => (
        <p key={i}>
          {rate === 1 ? t.none(layers[i] ?? "") : t.kept(
            layers[i] ?? "",
            integer(counts[i] ?? 0),
            fixed(1 / (1 - rate), 2),
          )}
        </p>
      ))}
      <p>{t.weights(percent(joined, 0))} {t.image}</p>
    </>
  );
}
