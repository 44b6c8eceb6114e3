// @ts-types="@types/d3-shape"
import { area, line } from "d3-shape";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { linearAxis, useWidth } from "../../components/charts/scale.ts";
import { formats, words } from "../../components/language.ts";
import { ChartTable } from "../../components/tables.tsx";
import { lessonWords } from "../../i18n/language.ts";
import {
  factorsAt,
  halfWidth,
  inputTensor,
  MOST_DRAWS,
  outputAt,
  positionOf,
  type RunningMeans,
  runningMeans,
} from "./masks.ts";
import type { LessonState } from "./view_state.ts";

const presets = [0, 0.5, 1];

const MANY = 100;

/** `dropoutLayer`, applied to the notebook's tensor. */
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
    /** Factors of the elements. Those with factor 0 are shown as dropped. */
    readonly dropped?: Float32Array;
  },
): JSX.Element {
  const t = words(lessonWords).layer;
  const { fixed } = formats.value;
  // The notebook shows whole numbers without decimals.
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

const margin = { top: 10, right: 24, bottom: 40, left: 40 };

const height = 240;

/** Upper end of the axis, so that 1 is in the middle. */
const TOP = 2;

/** Number of points of the band, evenly spaced on the axis. */
const bandSteps = 60;

/** The means of all elements, which converge to 1, also as a table. */
export function MeanChart(
  { p, running }: { readonly p: number; readonly running: RunningMeans },
): JSX.Element {
  const t = words(lessonWords).layer.chart;
  const { fixed, integer } = formats.value;
  const last = running.means.at(-1) ?? [];
  const draws = running.draws.at(-1) ?? 1;
  return (
    <figure class="means">
      <h3>{t.heading}</h3>
      <Picture
        p={p}
        running={running}
        label={t.label(
          fixed(Math.min(...last), 2),
          fixed(Math.max(...last), 2),
          integer(draws),
        )}
      />
      <figcaption class="note">
        {p === 0 ? t.certain : p === 1 ? t.nothing : t.note}
      </figcaption>
      <MeansTable p={p} running={running} />
    </figure>
  );
}

function Picture(
  { p, running, label }: {
    readonly p: number;
    readonly running: RunningMeans;
    readonly label: string;
  },
): JSX.Element {
  const t = words(lessonWords).layer.chart;
  const { fixed, integer } = formats.value;
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const draws = running.draws.at(-1) ?? 1;
  const inner = {
    width: Math.max(1, width - margin.left - margin.right),
    height: height - margin.top - margin.bottom,
  };
  // The axis ends at a power of ten, so that it seldom changes.
  const most = 10 ** Math.max(1, Math.ceil(Math.log10(draws)));
  const x = (count: number) => Math.log(count) / Math.log(most) * inner.width;
  const y = linearAxis([0, TOP], [inner.height, 0], 4, false);
  const powers = Array.from(
    { length: Math.round(Math.log10(most)) + 1 },
    (_, power) => 10 ** power,
  );
  const band = Array.from(
    { length: bandSteps + 1 },
    (_, i) => most ** (i / bandSteps),
  );
  const bandPath = area<number>()
    .x((count) => x(count))
    .y0((count) => y(1 - halfWidth(p, count)))
    .y1((count) => y(1 + halfWidth(p, count)))(band) ?? "";
  return (
    <div class="chart" ref={ref}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={label}
      >
        <g class="axes">
          {[0, 0.5, 1, 1.5, 2].map((tick) => (
            <g key={tick}>
              <line
                class="grid"
                x1={margin.left}
                x2={margin.left + inner.width}
                y1={margin.top + y(tick)}
                y2={margin.top + y(tick)}
              />
              <text
                class="tick"
                x={margin.left - 8}
                y={margin.top + y(tick)}
                dy="0.32em"
                text-anchor="end"
              >
                {fixed(tick, 1)}
              </text>
            </g>
          ))}
          {powers.map((tick) => (
            <text
              key={tick}
              class="tick"
              x={margin.left + x(tick)}
              y={height - margin.bottom + 18}
              text-anchor="middle"
            >
              {integer(tick)}
            </text>
          ))}
          <text
            class="axis-name"
            x={margin.left + inner.width}
            y={height - 4}
            text-anchor="end"
          >
            {t.axis}
          </text>
        </g>
        {/* The inner SVG clips lines, as early means can be far outside. */}
        <svg
          x={margin.left}
          y={margin.top}
          width={inner.width}
          height={inner.height}
        >
          {p > 0 && p < 1 && <path class="expected" d={bandPath} />}
          <line
            class="truth"
            x1={0}
            x2={inner.width}
            y1={y(1)}
            y2={y(1)}
          />
          {inputTensor.map((element) => (
            <path
              key={element}
              class="running"
              d={line<number>()
                .x((_, at) => x(running.draws[at] ?? 1))
                .y((mean) => y(mean))(
                  running.means.map((means) => means[element] ?? 0),
                ) ?? ""}
            />
          ))}
        </svg>
        {(running.means.at(-1) ?? []).map((mean, element) =>
          mean <= TOP && (
            <circle
              key={element}
              class="running-end"
              cx={margin.left + x(draws)}
              cy={margin.top + y(mean)}
              r={2.5}
            />
          )
        )}
      </svg>
    </div>
  );
}

function MeansTable(
  { p, running }: { readonly p: number; readonly running: RunningMeans },
): JSX.Element {
  const t = words(lessonWords).layer.chart;
  const { fixed, integer } = formats.value;
  const lastAt = running.draws.length - 1;
  // About one row for each doubling of draws, and the last row.
  const rows = running.draws.flatMap((draws, at) =>
    at === lastAt ||
      Math.floor(Math.log2(draws)) <
        Math.floor(Math.log2(running.draws[at + 1] ?? draws))
      ? [{ draws, means: running.means[at] ?? [] }]
      : []
  );
  return (
    <ChartTable
      summary={t.table}
      caption={t.heading}
      heads={[t.draws, t.lowest, t.highest, t.band]}
      rows={rows.map(({ draws, means }) => [
        integer(draws),
        fixed(Math.min(...means), 3),
        fixed(Math.max(...means), 3),
        p === 1 ? "–" : `1 ± ${fixed(halfWidth(p, draws), 3)}`,
      ])}
    />
  );
}

/** A slider for a dropout rate from 0 to 1. */
export function RateSlider(
  { label, value, onChange }: {
    readonly label: string;
    readonly value: number;
    readonly onChange: (rate: number) => void;
  },
): JSX.Element {
  const id = useId();
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={1}
        step={0.01}
        value={value}
        aria-valuetext={formats.value.rate(value)}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      <output for={id}>{formats.value.fixed(value, 2)}</output>
    </div>
  );
}
