import type { JSX } from "preact";
import { backends } from "../../../protocol/training.ts";
import { formats, localized, words } from "../../components/language.ts";
import { Facts } from "../../components/site.tsx";
import { joinWords } from "../../i18n/language.ts";
import type { JoinController } from "./controller.ts";
import {
  backendChoices,
  canKeepAwake,
  clampThreads,
  type DeviceLimits,
  MAX_NAME,
} from "./device.ts";

/** The settings. Those that cannot change during training are locked. */
export function SettingsForm(
  { controller, limits }: {
    readonly controller: JoinController;
    readonly limits: DeviceLimits;
  },
): JSX.Element {
  const t = words(joinWords);
  const settings = controller.settings.value;
  const locked = controller.phase.value === "active";
  return (
    <section class="settings" aria-labelledby="settings-heading">
      <h2 id="settings-heading">{t.settings.heading}</h2>
      <ThreadsField controller={controller} limits={limits} locked={locked} />
      <div class="field">
        <label for="backend">{t.settings.backend}</label>
        <select
          id="backend"
          value={settings.choice}
          disabled={locked}
          aria-describedby="backend-note"
          onChange={(event) => {
            const wanted = event.currentTarget.value;
            const choice = backendChoices.find((name) => name === wanted);
            if (choice !== undefined) controller.change({ choice });
          }}
        >
          {backendChoices.map((choice) => (
            <option key={choice} value={choice}>
              {choice === "auto"
                ? t.settings.auto
                : localized(backends[choice].label)}
            </option>
          ))}
        </select>
        <p id="backend-note" class="note">{t.settings.backendNote}</p>
      </div>
      <div class="field">
        <label for="nickname">{t.settings.name}</label>
        <input
          id="nickname"
          type="text"
          maxLength={MAX_NAME}
          autocomplete="nickname"
          placeholder={t.settings.namePlaceholder}
          value={settings.name}
          disabled={locked}
          aria-describedby="nickname-note"
          onInput={(event) =>
            controller.change({ name: event.currentTarget.value })}
        />
        <p id="nickname-note" class="note">{t.settings.nameNote}</p>
      </div>
      {locked && <p class="note">{t.settings.locked}</p>}
      <Toggles controller={controller} />
    </section>
  );
}

function ThreadsField(
  { controller, limits, locked }: {
    readonly controller: JoinController;
    readonly limits: DeviceLimits;
    readonly locked: boolean;
  },
): JSX.Element {
  const t = words(joinWords).settings;
  const { threads } = controller.settings.value;
  const set = (wanted: number) =>
    controller.change({ threads: clampThreads(wanted, limits) });
  const step = (by: number, label: string, sign: string) => (
    <button
      type="button"
      class="button step"
      aria-label={label}
      disabled={locked || clampThreads(threads + by, limits) === threads}
      onClick={() => set(threads + by)}
    >
      {sign}
    </button>
  );
  return (
    <div class="field">
      <label for="threads">{t.threads}</label>
      <div class="stepper">
        {step(-1, t.fewer, "\u2212")}
        <input
          id="threads"
          type="number"
          inputMode="numeric"
          min={1}
          max={clampThreads(Infinity, limits)}
          value={threads}
          disabled={locked}
          aria-describedby="threads-note"
          onChange={(event) => {
            const wanted = event.currentTarget.valueAsNumber;
            set(Number.isNaN(wanted) ? threads : wanted);
          }}
        />
        {step(1, t.more, "+")}
      </div>
      <p id="threads-note" class="note">
        {limits.cores === undefined
          ? t.threadsNoteUnknown
          : t.threadsNote(formats.value.integer(limits.cores))}
      </p>
    </div>
  );
}

function Toggles(
  { controller }: { readonly controller: JoinController },
): JSX.Element {
  const t = words(joinWords).settings;
  const settings = controller.settings.value;
  const awake = canKeepAwake();
  return (
    <div class="toggles">
      <label>
        <input
          type="checkbox"
          checked={settings.spareBattery}
          onChange={(event) =>
            controller.change({ spareBattery: event.currentTarget.checked })}
        />
        {t.spareBattery}
      </label>
      <label>
        <input
          type="checkbox"
          checked={awake && settings.keepAwake}
          disabled={!awake}
          onChange={(event) =>
            controller.change({ keepAwake: event.currentTarget.checked })}
        />
        {awake ? t.keepAwake : t.keepAwakeAbsent}
      </label>
    </div>
  );
}

/** What users should know before they press Start. */
export function Consent(
  { limits, threads, download, upload }: {
    readonly limits: DeviceLimits;
    readonly threads: number;
    /** Bytes of the only download; null while unknown. */
    readonly download: number | null;
    /** Bytes for each trial; null while unknown. */
    readonly upload: number | null;
  },
): JSX.Element {
  const t = words(joinWords).consent;
  return (
    <section class="consent" aria-labelledby="consent-heading">
      <h2 id="consent-heading" class="hidden">{t.heading}</h2>
      <Facts
        rows={[
          [
            t.does,
            limits.cores === undefined
              ? t.doesTextUnknown(threads)
              : t.doesText(threads, formats.value.integer(limits.cores)),
          ],
          [
            t.downloads,
            download === null
              ? t.downloadsUnknown
              : t.downloadsText(formats.value.bytes(download)),
          ],
          [
            t.leaves,
            upload === null
              ? t.leavesTextUnknown
              : t.leavesText(formats.value.bytes(upload)),
          ],
          [t.stays, t.staysText],
        ]}
      />
    </section>
  );
}
