import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { joinWords } from "../i18n/join_words.ts";
import { formats, words } from "../ui/language.ts";
import type { JoinController, Phase } from "./controller.ts";
import { Bar } from "./slot_card.tsx";

/** In one line what goes on, and the buttons that change it. */
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

/** Why nothing happens, or what went wrong. */
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
          /* The coordinator's, the engine's or the browser's own words. */
          message !== "" && <p lang="en" class="faint">{message}</p>
        }
      </>
    );
  }
  if (controller.pausedBy.value === "battery") {
    return <p class="faint">{t.state.pausedBatteryNote}</p>;
  }
  // Before the first thread is ready there is no card that could say it.
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
 * Gives the focus to the first button of a row where the one that was pressed
 * is gone: who pressed it by keyboard goes on from there. Start made the row.
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
