import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ReadonlySignal } from "@preact/signals";
import type { StudyDetail } from "../../../protocol/views.ts";
import { commonWords, joinWords } from "../../i18n/language.ts";
import type { Connection } from "../../live.ts";
import { formats, localized, words } from "../../components/language.ts";
import { pageLink } from "../../components/links.ts";
import { Notice, Site, Stat } from "../../components/site.tsx";
import { Consent, SettingsForm } from "./join_settings.tsx";
import type { JoinController } from "./controller.ts";
import { Bar, Measured, SlotCard, Status } from "./status.tsx";
import { type DeviceLimits, savesData } from "./device.ts";
import type { Contribution, Trouble } from "./progress_model.ts";
import { downloadBytes, type StudyInfo, uploadBytes } from "./study_info.ts";

interface JoinPageProps {
  readonly controller: JoinController;
  readonly info: StudyInfo;
  readonly connection: ReadonlySignal<Connection>;
  readonly limits: DeviceLimits;
  /** The clock of the controller's model. */
  readonly now: () => number;
}

/** The page that turns a tab into a worker. */
export function JoinPage(props: JoinPageProps): JSX.Element {
  const { controller, info, connection } = props;
  const t = words(joinWords);
  useEffect(() => {
    document.title = t.title;
  }, [t]);
  const study = info.study.value;
  const resting = isResting(controller);
  return (
    <Site page="join" connection={connection.value}>
      <Notices {...props} />
      <div class="intro">
        <h1>{t.heading}</h1>
        {resting && <p class="lead">{t.lead}</p>}
        {info.known.value && (
          <p class="study-name">
            {study === null
              ? t.noStudy
              : t.study(localized(study.definition.title))}
          </p>
        )}
      </div>
      {resting ? <Invitation {...props} /> : <Work {...props} />}
    </Site>
  );
}

/** Whether Start has not been pressed yet. */
function isResting({ phase, model }: JoinController): boolean {
  return phase.value === "ready" && model.value.end === null;
}

function Invitation(
  { controller, info, limits }: JoinPageProps,
): JSX.Element {
  const download = downloadBytes(info.study.value);
  const { contribution } = controller.model.value;
  return (
    <>
      <div class="columns">
        <div>
          <Consent
            limits={limits}
            threads={controller.settings.value.threads}
            download={download}
            upload={uploadBytes(info.study.value)}
          />
          <StartButton controller={controller} download={download} />
        </div>
        <SettingsForm controller={controller} limits={limits} />
      </div>
      {contribution.epochs > 0 && <Given contribution={contribution} />}
      <StudyProgress study={info.study.value} />
    </>
  );
}

function Work({ controller, info, limits, now }: JoinPageProps): JSX.Element {
  const active = controller.phase.value === "active";
  const model = controller.model.value;
  const time = useTicks(active, now);
  return (
    <>
      <Status controller={controller} now={time} />
      {active && model.slots.length > 0 && (
        <div class="slots">
          {model.slots.map((slot) => (
            <SlotCard key={slot.slot} slot={slot} now={time} />
          ))}
        </div>
      )}
      <div class="columns">
        <div class="stack">
          <Given contribution={model.contribution} />
          <StudyProgress study={info.study.value} />
          <Measured model={model} />
          {active && <p class="note">{words(joinWords).hiddenTab}</p>}
        </div>
        <SettingsForm controller={controller} limits={limits} />
      </div>
    </>
  );
}

function StartButton(
  { controller, download }: {
    readonly controller: JoinController;
    readonly download: number | null;
  },
): JSX.Element {
  const t = words(joinWords);
  return (
    <div class="start">
      {savesData() && (
        <Notice tone="warning">
          {download === null
            ? t.saveDataUnknown
            : t.saveData(formats.value.bytes(download))}
        </Notice>
      )}
      <button
        type="button"
        class="button is-primary is-large"
        onClick={controller.start}
      >
        {t.start}
      </button>
    </div>
  );
}

function Notices({ controller, info }: JoinPageProps): JSX.Element {
  const t = words(joinWords);
  const model = controller.model.value;
  const reload = {
    label: words(commonWords).reload,
    run: () => location.reload(),
  };
  return (
    <>
      {(controller.outdated.value || info.outdated.value) && (
        <Notice tone="warning" action={reload}>{t.outdated}</Notice>
      )}
      {model.connectionLost !== null && (
        <Notice tone="warning">
          {model.name === null ? t.notRegistered : t.connectionLost}
        </Notice>
      )}
      {model.trouble !== null && (
        <Notice tone="plain">
          {t.trouble.label} {troubleWords(model.trouble)}{" "}
          <span lang="en" class="faint">({model.trouble.message})</span>
        </Notice>
      )}
    </>
  );
}

function troubleWords(trouble: Trouble): string {
  const t = words(joinWords).trouble;
  switch (trouble.kind) {
    case "trainer":
      return t.trainer[trouble.failure];
    case "trial":
      return t.trial[trouble.reason];
    default:
      return trouble satisfies never;
  }
}

function Given(
  { contribution }: { readonly contribution: Contribution },
): JSX.Element {
  const t = words(joinWords).contribution;
  return (
    <section class="given" aria-labelledby="given-heading">
      <h2 id="given-heading">{t.heading}</h2>
      <dl>
        <Stat name={t.trials}>
          {formats.value.integer(contribution.trials)}
        </Stat>
        <Stat name={t.epochs}>
          {formats.value.integer(contribution.epochs)}
        </Stat>
        <Stat name={t.time}>
          {formats.value.duration(contribution.seconds)}
        </Stat>
      </dl>
    </section>
  );
}

function StudyProgress(
  { study }: { readonly study: StudyDetail | null },
): JSX.Element | null {
  const t = words(joinWords).progress;
  if (study === null) return null;
  const { progress } = study;
  const count = formats.value.integer;
  const done = t.done(count(progress.completed), count(progress.total));
  const parts = [
    done,
    t.workers(count(progress.workersOnline)),
    progress.complete
      ? t.complete
      : progress.secondsLeft === null
      ? ""
      : t.left(formats.value.duration(progress.secondsLeft)),
  ].filter((text) => text !== "");
  return (
    <section class="study-progress" aria-labelledby="progress-heading">
      <h2 id="progress-heading">{t.heading}</h2>
      <Bar
        label={done}
        name=""
        share={progress.total === 0 ? 0 : progress.completed / progress.total}
        text={parts.join(" · ")}
      />
      <p>
        <a href={pageLink("leaderboard")}>{t.see}</a>
      </p>
    </section>
  );
}

/** The time, updated each second while `active`. */
function useTicks(active: boolean, now: () => number): number {
  const [time, setTime] = useState(now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setTime(now()), 1000);
    return () => clearInterval(timer);
  }, [active, now]);
  return time;
}
