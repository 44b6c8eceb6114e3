import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { pointText } from "../../../protocol/grid_point.ts";
import { backends } from "../../../protocol/training.ts";
import { LineChart, type Series } from "../../components/charts/line_chart.tsx";
import { formats, localized, words } from "../../components/language.ts";
import { Facts } from "../../components/site.tsx";
import { ChartTable, TableScroll } from "../../components/tables.tsx";
import { joinWords } from "../../i18n/language.ts";
import type { JoinController, Phase } from "./controller.ts";
import {
  type ProgressModel,
  secondsLeft,
  shareDone,
  type Slot,
  type TrialInHand,
} from "./progress_model.ts";

/** The state in one line, and the buttons that change it. */
export function Status(
  { controller, now }: {
    readonly controller: JoinController;
    readonly now: number;
  },
): JSX.Element {
  const t = words(joinWords);
  const phase = controller.phase.value;
  const model = controller.model.value;
  const { download } = model;
  const downloading = phase === "active" && download !== null &&
    download.receivedBytes < download.totalBytes;
  return (
    <section class={`status is-${phase}`} aria-labelledby="status-heading">
      <h2 id="status-heading" class="hidden">{t.state.heading}</h2>
      <div class="words">
        <p class="now" role="status">{stateWords(controller)}</p>
        {reasonWords(controller, now)}
        {model.name !== null && phase === "active" && (
          <p class="faint">{t.state.as(model.name)}</p>
        )}
      </div>
      <Buttons controller={controller} />
      {downloading && (
        <Bar
          label={t.state.downloading}
          name=""
          share={download.receivedBytes / download.totalBytes}
          text={t.state.downloaded(
            formats.value.bytes(download.receivedBytes),
            formats.value.bytes(download.totalBytes),
          )}
        />
      )}
    </section>
  );
}

function stateWords(controller: JoinController): string {
  const t = words(joinWords).state;
  const phase = controller.phase.value;
  const model = controller.model.value;
  switch (phase) {
    case "ready":
      return model.end?.reason === "study-complete" ? t.complete : t.stopped;
    case "paused":
      return controller.pausedBy.value === "battery"
        ? t.pausedBattery
        : t.paused;
    case "failed":
      return controller.loadError.value === null ? t.failed : t.loadFailed;
    case "active":
      break;
    default:
      return phase satisfies never;
  }
  const training = model.slots.filter((s) => s.phase.kind === "training");
  if (training.length > 0) return t.training(training.length);
  if (model.slots.some((s) => s.phase.kind === "waiting")) return t.waiting;
  const { download } = model;
  if (download !== null && download.receivedBytes < download.totalBytes) {
    return t.downloading;
  }
  if (download !== null || model.slots.length > 0) return t.measuring;
  return model.name === null ? t.joining : t.measuring;
}

/** Why the device waits, or what failed. */
function reasonWords(
  controller: JoinController,
  now: number,
): JSX.Element | null {
  const t = words(joinWords);
  const model = controller.model.value;
  if (controller.phase.value === "failed") {
    const end = model.end?.reason === "failed" ? model.end : null;
    const message = controller.loadError.value ?? end?.message ?? "";
    return (
      <>
        {controller.loadError.value === null && end !== null && (
          <p>{t.failure[end.failure]}</p>
        )}
        {
          /* The message of the coordinator, the trainer or the browser. */
          message !== "" && <p lang="en" class="faint">{message}</p>
        }
      </>
    );
  }
  if (controller.pausedBy.value === "battery") {
    return <p class="faint">{t.state.pausedBatteryNote}</p>;
  }
  // Before the first thread is ready there is no card that shows the reason.
  const only = model.slots.length > 0 &&
      model.slots.every((slot) => slot.report === null)
    ? model.slots.map((slot) => slot.phase).find((p) => p.kind === "waiting")
    : undefined;
  if (only === undefined || only.kind !== "waiting") return null;
  return (
    <p>
      {t.waiting[only.reason]} {only.until <= now ? t.asksNow : t.asksAgain(
        formats.value.duration(Math.ceil((only.until - now) / 1000)),
      )}
    </p>
  );
}

function Buttons(
  { controller }: { readonly controller: JoinController },
): JSX.Element {
  const t = words(joinWords);
  const phase = controller.phase.value;
  const { row, pressed } = useFocusKept(phase);
  const button = (label: string, run: () => void, primary = false) => (
    <button
      type="button"
      class={primary ? "button is-primary" : "button"}
      onClick={() => {
        pressed();
        run();
      }}
    >
      {label}
    </button>
  );
  const stop = button(t.stop, controller.stop);
  switch (phase) {
    case "active":
      return (
        <div class="buttons" ref={row}>
          {button(t.pause, () => controller.pause("person"))}
          {stop}
        </div>
      );
    case "paused":
      return (
        <div class="buttons" ref={row}>
          {button(t.resume, controller.start, true)}
          {stop}
        </div>
      );
    case "failed":
      return (
        <div class="buttons" ref={row}>
          {button(t.retry, controller.start, true)}
        </div>
      );
    case "ready":
      return (
        <div class="buttons" ref={row}>
          {button(t.again, controller.start, true)}
        </div>
      );
    default:
      return phase satisfies never;
  }
}

/**
 * Focuses the first button of the row if the pressed button disappeared, so
 * that keyboard users do not lose their place. Pressing Start creates the row.
 */
function useFocusKept(phase: Phase) {
  const row = useRef<HTMLDivElement>(null);
  const awaited = useRef(true);
  useLayoutEffect(() => {
    const lost = awaited.current && document.activeElement === document.body;
    awaited.current = false;
    if (!lost) return;
    row.current?.querySelector("button")?.focus({ preventScroll: true });
  }, [phase]);
  const pressed = () => {
    awaited.current = true;
  };
  return { row, pressed };
}

/** What a thread does now. */
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

const pointOf = ({ spec }: TrialInHand) => localized(pointText(spec.params));

function Point({ trial }: { readonly trial: TrialInHand }): JSX.Element {
  const t = words(joinWords).slot;
  const { spec, attempt } = trial;
  return (
    <>
      {" "}
      {pointOf(trial)}{" "}
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
      <Facts
        class="facts"
        rows={[
          [
            t.speed,
            stepsPerSecond === null ? t.unknown : t.stepsPerSecond(
              stepsPerSecond < 10
                ? formats.value.fixed(stepsPerSecond, 1)
                : count(stepsPerSecond),
            ),
          ],
          [t.left, left === null ? t.unknown : formats.value.duration(left)],
        ]}
      />
    </>
  );
}

/** A progress bar with its texts. */
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

/** Training loss and test accuracy on one axis. */
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
    <ChartTable
      summary={t.asTable}
      caption={t.curve(pointOf(trial))}
      heads={[t.epoch, t.trainLoss, t.testAccuracy]}
      rows={trial.epochs.map((epoch) => [
        epoch.epoch,
        formats.value.fixed(epoch.trainLoss, 4),
        formats.value.fixed(epoch.testAccuracy, 4),
      ])}
    />
  );
}

/** The measured backends and the one in use. */
export function Measured(
  { model }: { readonly model: ProgressModel },
): JSX.Element | null {
  const t = words(joinWords);
  const report = model.slots.find((slot) => slot.report !== null)?.report;
  if (report === undefined || report === null) return null;
  const used = new Set(model.slots.map((slot) => slot.report?.backend));
  return (
    <section class="measured" aria-labelledby="measured-heading">
      <h2 id="measured-heading">{t.measured.heading}</h2>
      <TableScroll label="#measured-heading">
        <table>
          <caption class="hidden">{t.measured.caption}</caption>
          <thead>
            <tr>
              <th scope="col">{t.measured.backend}</th>
              <th scope="col">{t.measured.step}</th>
              <th scope="col">{t.measured.detail}</th>
            </tr>
          </thead>
          <tbody>
            {report.measurements.map((one) => (
              <tr key={one.backend}>
                <th scope="row">
                  {localized(backends[one.backend].label)}
                  {used.has(one.backend) && (
                    <span class="tag is-running">{t.measured.used}</span>
                  )}
                </th>
                <td>
                  {one.stepMilliseconds === null
                    ? <span class="faint">{t.slot.unknown}</span>
                    : t.measured.milliseconds(
                      formats.value.fixed(one.stepMilliseconds, 1),
                    )}
                </td>
                <td class="detail">
                  {one.unused !== undefined && t.measured.unused[one.unused]}
                  {" "}
                  <span lang="en">{one.detail}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  );
}
