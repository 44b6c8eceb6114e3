import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { LineChart, type Series } from "../charts/line_chart.tsx";
import { joinWords } from "../i18n/join_words.ts";
import { formats, words } from "../ui/language.ts";
import {
  secondsLeft,
  shareDone,
  type Slot,
  type TrialInHand,
} from "./progress_model.ts";

/** What one thread does now. */
export function SlotCard(
  { slot, now }: { readonly slot: Slot; readonly now: number },
): JSX.Element {
  const t = words(joinWords);
  const { phase } = slot;
  const heading = `slot-${slot.slot}`;
  return (
    <article class={`slot is-${phase.kind}`} aria-labelledby={heading}>
      <h3 id={heading}>
        <span class="faint">{t.slot.heading(slot.slot + 1)}</span>
        {phase.kind === "training" && <Point trial={phase.trial} />}
      </h3>
      {phase.kind === "starting" && <p class="faint">{t.slot.starting}</p>}
      {phase.kind === "waiting" && (
        <>
          <p>{t.waiting[phase.reason]}</p>
          <p class="faint">
            {phase.until <= now ? t.asksNow : t.asksAgain(
              formats.value.duration(Math.ceil((phase.until - now) / 1000)),
            )}
          </p>
        </>
      )}
      {phase.kind === "training" && <Training trial={phase.trial} />}
    </article>
  );
}

const pointOf = ({ spec: { params } }: TrialInHand) =>
  `(${params.dropout1}, ${params.dropout2})`;

function Point({ trial }: { readonly trial: TrialInHand }): JSX.Element {
  const t = words(joinWords).slot;
  const { spec, attempt } = trial;
  return (
    <>
      {" "}
      <span class="point">{pointOf(trial)}</span>{" "}
      <span class="faint">
        {t.replicate(spec.replicate + 1)}
        {attempt > 1 && t.attempt(attempt)}
      </span>
    </>
  );
}

function Training({ trial }: { readonly trial: TrialInHand }): JSX.Element {
  const t = words(joinWords).slot;
  const { at, spec, stepsPerSecond } = trial;
  const of = spec.recipe.epochs;
  const left = secondsLeft(trial);
  const count = formats.value.integer;
  return (
    <>
      <Curve trial={trial} />
      <Bar
        label={t.trial}
        share={shareDone(trial)}
        text={t.epochOf(at?.epoch ?? 1, of)}
        name={t.epoch}
      />
      <Bar
        label={t.step}
        share={at === null ? 0 : at.step / at.steps}
        text={at === null ? t.unknown : t.epochOf(at.step, at.steps)}
        name={t.step}
      />
      <dl class="facts">
        <Fact name={t.speed}>
          {stepsPerSecond === null ? t.unknown : t.stepsPerSecond(
            stepsPerSecond < 10
              ? formats.value.fixed(stepsPerSecond, 1)
              : count(stepsPerSecond),
          )}
        </Fact>
        <Fact name={t.left}>
          {left === null ? t.unknown : formats.value.duration(left)}
        </Fact>
      </dl>
    </>
  );
}

function Fact(
  { name, children }: {
    readonly name: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A bar with its words: what is done, of how much. */
export function Bar(
  { label, share, text, name }: {
    /** For screen readers. */
    readonly label: string;
    readonly share: number;
    readonly text: string;
    readonly name: string;
  },
): JSX.Element {
  return (
    <div class="bar-line">
      <span class="faint">{name}</span>
      <progress aria-label={label} max={1} value={share} />
      <span>{text}</span>
    </div>
  );
}

/** The lesson's plot: loss and accuracies on one axis. */
function Curve({ trial }: { readonly trial: TrialInHand }): JSX.Element {
  const t = words(joinWords).slot;
  const [at, setAt] = useState<number | null>(null);
  const { epochs, spec } = trial;
  const series: Series[] = [
    {
      key: "trainLoss",
      label: t.trainLoss,
      colour: 0,
      values: epochs.map((epoch) => epoch.trainLoss),
    },
    {
      key: "testAccuracy",
      label: t.testAccuracy,
      colour: 1,
      values: epochs.map((epoch) => epoch.testAccuracy),
    },
  ];
  const value = (one: Series) => {
    const shown = at === null ? one.values.at(-1) : one.values[at - 1];
    return shown === undefined ? t.unknown : formats.value.fixed(shown, 3);
  };
  return (
    <>
      <div class="chart-frame">
        <LineChart
          series={series}
          label={t.curve(pointOf(trial))}
          xLabel={t.epoch}
          epochs={spec.recipe.epochs}
          format={formats.value.fixed}
          at={at}
          onPoint={setAt}
          height={170}
        />
        {epochs.length === 0 && <p class="chart-empty">{t.chartEmpty}</p>}
      </div>
      <ul class="legend">
        {series.map((one) => (
          <li key={one.key} class={`series-${one.colour} is-plain`}>
            <svg class="stroke" viewBox="0 0 28 8" aria-hidden="true">
              <path class="line" d="M1 4h26" />
            </svg>
            <span class="name">{one.label}</span>
            <span class="value">{value(one)}</span>
          </li>
        ))}
      </ul>
      {epochs.length > 0 && <CurveTable trial={trial} />}
    </>
  );
}

function CurveTable({ trial }: { readonly trial: TrialInHand }): JSX.Element {
  const t = words(joinWords).slot;
  return (
    <details class="as-table">
      <summary>{t.asTable}</summary>
      <div class="table-scroll">
        <table>
          <caption class="hidden">{t.curve(pointOf(trial))}</caption>
          <thead>
            <tr>
              <th scope="col">{t.epochColumn}</th>
              <th scope="col">{t.trainLoss}</th>
              <th scope="col">{t.testAccuracy}</th>
            </tr>
          </thead>
          <tbody>
            {trial.epochs.map((epoch) => (
              <tr key={epoch.epoch}>
                <th scope="row">{epoch.epoch}</th>
                <td>{formats.value.fixed(epoch.trainLoss, 4)}</td>
                <td>{formats.value.fixed(epoch.testAccuracy, 4)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
