import type { JSX } from "preact";
import { useWidth } from "../../components/charts/scale.ts";
import { Segmented } from "../../components/controls.tsx";
import { formats, words } from "../../components/language.ts";
import { lessonWords } from "../../i18n/language.ts";
import { RateSlider } from "./layer.tsx";
import { factorsAt, HIDDEN_UNITS, MOST_DRAWS } from "./masks.ts";
import { type LessonState, modes } from "./view_state.ts";

/** The network with the masks of one step, or at test time. */
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

const LABEL_HEIGHT = 44;

const PADDING = 8;

/** Maximum side of the squares of units, in CSS pixels. */
const MOST_SIDE = 210;

/** A square or column of units. */
interface Block {
  readonly left: number;
  readonly columns: number;
  readonly count: number;
  /** Distance between the centres of units. */
  readonly pitch: number;
}

const widthOf = ({ columns, pitch }: Block) => columns * pitch;

const heightOf = ({ columns, count, pitch }: Block) => count / columns * pitch;

/** The four layers as blocks of units. Dropped units are hollow. */
export function NetworkPicture(
  { kept, label }: {
    /** For each hidden layer, whether each unit is kept. */
    readonly kept: readonly [readonly boolean[], readonly boolean[]];
    readonly label: string;
  },
): JSX.Element {
  const t = words(lessonWords).network.parts;
  const [ref, width] = useWidth<HTMLDivElement>(640);
  const { side, input, hidden1, hidden2, output } = layout(width);
  const middle = PADDING + side / 2;
  const below = side + 2 * PADDING;
  const height = below + LABEL_HEIGHT;
  const all = (count: number) => Array.from({ length: count }, () => true);
  const blocks = [
    { block: input, units: all(784), name: t.input, count: "784" },
    { block: hidden1, units: kept[0], name: t.hidden1, count: "256" },
    { block: hidden2, units: kept[1], name: t.hidden2, count: "256" },
    { block: output, units: all(10), name: t.output, count: "10" },
  ];
  return (
    <div class="chart" ref={ref}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={label}
      >
        {blocks.slice(1).map(({ block }, i) => (
          <path
            key={i}
            class="joint"
            d={joint(blocks[i]?.block ?? input, block, middle)}
          />
        ))}
        {blocks.map(({ block, units, name, count }) => (
          <g key={name}>
            <path class="unit" d={unitsPath(block, units, true, middle)} />
            <path
              class="unit is-dropped"
              d={unitsPath(block, units, false, middle)}
            />
            <text
              class="tick"
              x={block.left + widthOf(block) / 2}
              y={below + 18}
              text-anchor="middle"
            >
              {name}
            </text>
            <text
              class="tick count"
              x={block.left + widthOf(block) / 2}
              y={below + 35}
              text-anchor="middle"
            >
              {count}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Blocks side by side, as large as the width allows. */
function layout(width: number) {
  // The label of the output is wider than its column of units.
  const edge = 18;
  const gap = Math.min(56, width * 0.06);
  const side = Math.min(MOST_SIDE, (width - 2 * edge - 3 * gap) / 3.1);
  const input = {
    left: Math.max(0, (width - 3.1 * side - 3 * gap - edge) / 2),
    columns: 28,
    count: 784,
    pitch: side / 28,
  };
  const hidden1 = {
    left: input.left + side + gap,
    columns: 16,
    count: 256,
    pitch: side / 16,
  };
  const hidden2 = { ...hidden1, left: hidden1.left + side + gap };
  const output = {
    left: hidden2.left + side + gap,
    columns: 1,
    count: 10,
    pitch: side / 12,
  };
  return { side, input, hidden1, hidden2, output };
}

/** Number of places on an edge from which lines are drawn. */
const STRANDS = 7;

/** Lines between two blocks: a few, in place of all weights. */
function joint(from: Block, to: Block, middle: number): string {
  const [x1, x2] = [from.left + widthOf(from), to.left];
  const places = (block: Block) =>
    Array.from(
      { length: STRANDS },
      (_, i) =>
        (middle + heightOf(block) * ((i + 0.5) / STRANDS - 0.5)).toFixed(1),
    );
  return places(from).flatMap((y1) =>
    places(to).map((y2) => `M${x1.toFixed(1)} ${y1}L${x2.toFixed(1)} ${y2}`)
  ).join("");
}

/** Circles for the kept units, or for the dropped ones. */
function unitsPath(
  block: Block,
  units: readonly boolean[],
  kept: boolean,
  middle: number,
): string {
  const { left, columns, pitch } = block;
  const top = middle - heightOf(block) / 2;
  const r = pitch * 0.36;
  return units.map((unit, i) => {
    if (unit !== kept) return "";
    const x = left + (i % columns + 0.5) * pitch;
    const y = top + (Math.floor(i / columns) + 0.5) * pitch;
    return `M${(x - r).toFixed(1)} ${y.toFixed(1)}` +
      `a${r.toFixed(2)} ${r.toFixed(2)} 0 1 0 ${(2 * r).toFixed(2)} 0` +
      `a${r.toFixed(2)} ${r.toFixed(2)} 0 1 0 ${(-2 * r).toFixed(2)} 0`;
  }).join("");
}
