import type { JSX } from "preact";
import { lessonWords } from "../i18n/lesson_words.ts";
import { formats, words } from "../ui/language.ts";
import {
  factorsAt,
  inputTensor,
  MOST_DRAWS,
  outputAt,
  positionOf,
  runningMeans,
} from "./masks.ts";
import { MeanChart } from "./mean_chart.tsx";
import { RateSlider } from "./rate_slider.tsx";
import type { LessonState } from "./state.ts";

const presets = [0, 0.5, 1];
const MANY = 100;

/** `dropoutLayer` at work on the notebook's tensor. */
export function Layer({ state }: { readonly state: LessonState }): JSX.Element {
  const t = words(lessonWords).layer;
  const { p, draws } = state.view.value;
  const { fixed, integer, rate } = formats.value;
  const factors = factorsAt(draws - 1, 0, p, inputTensor.length);
  const dropped = factors.filter((factor) => factor === 0).length;
  const { epoch, step } = positionOf(draws - 1);
  const running = runningMeans(p, draws);
  const means = running.means.at(-1) ?? [];
  const more = (count: number) =>
    state.change({ draws: Math.min(MOST_DRAWS, draws + count) });
  return (
    <section id="layer" aria-labelledby="layer-heading">
      <h2 id="layer-heading">{t.heading}</h2>
      <p>{t.intro}</p>
      <p>{t.source}</p>
      <div class="bench">
        <div class="controls">
          <RateSlider
            label={t.rate}
            value={p}
            onChange={(rate) => state.change({ p: rate })}
          />
          <div class="presets" role="group" aria-label={t.presets}>
            {presets.map((preset) => (
              <button
                key={preset}
                type="button"
                class="button is-quiet"
                aria-pressed={p === preset}
                onClick={() => state.change({ p: preset })}
              >
                p = {rate(preset)}
              </button>
            ))}
          </div>
          <div class="buttons">
            <button
              type="button"
              class="button is-primary"
              disabled={draws >= MOST_DRAWS}
              onClick={() => more(1)}
            >
              {t.again}
            </button>
            <button
              type="button"
              class="button"
              disabled={draws >= MOST_DRAWS}
              onClick={() => more(MANY)}
            >
              {t.many(integer(MANY))}
            </button>
            <button
              type="button"
              class="button is-quiet"
              disabled={draws === 1}
              onClick={() => state.change({ draws: 1 })}
            >
              {t.restart}
            </button>
          </div>
          <p class="said" role="status">
            {dropped === inputTensor.length
              ? t.statusAll(integer(draws))
              : t.status(
                integer(draws),
                integer(dropped),
                integer(inputTensor.length - dropped),
                fixed(1 / (1 - p), 2),
              )}
            {draws === MOST_DRAWS && ` ${t.last}`}
          </p>
        </div>
        <div class="tensors">
          <Tensor caption={t.input} values={inputTensor} decimals={0} />
          <Tensor
            caption={t.output(rate(p))}
            note={t.draw(integer(draws), integer(epoch + 1), integer(step + 1))}
            values={outputAt(draws - 1, p)}
            decimals={1}
            dropped={factors}
          />
          <Tensor
            caption={t.mean(integer(draws))}
            values={inputTensor.map((x, i) => x * (means[i] ?? 0))}
            decimals={1}
          />
        </div>
      </div>
      <MeanChart p={p} running={running} />
      <p class="note">{t.half}</p>
    </section>
  );
}

/** Two rows of eight numbers. */
function Tensor(
  { caption, note, values, decimals, dropped }: {
    readonly caption: string;
    readonly note?: string;
    readonly values: readonly number[];
    readonly decimals: number;
    /** Factors of the elements: those of 0 are shown as dropped. */
    readonly dropped?: Float32Array;
  },
): JSX.Element {
  const t = words(lessonWords).layer;
  const { fixed } = formats.value;
  // Whole numbers look like the notebook's.
  const whole = values.every((value) => Math.abs(value % 1) < 1e-9);
  return (
    <table class="tensor">
      <caption>
        {caption}
        {note !== undefined && <span class="faint">{note}</span>}
      </caption>
      <tbody>
        {[0, 1].map((row) => (
          <tr key={row}>
            {values.slice(8 * row, 8 * row + 8).map((value, column) =>
              dropped?.[8 * row + column] === 0
                ? (
                  <td key={column} class="is-dropped">
                    <span class="hidden">{t.dropped}</span>
                    <span aria-hidden="true">0</span>
                  </td>
                )
                : (
                  <td key={column}>
                    {fixed(value, whole ? 0 : decimals)}
                  </td>
                )
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
