import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { StudyId } from "../../../protocol/ids.ts";
import type {
  Leaderboard,
  LeaderboardRow,
  Progress,
} from "../../../protocol/leaderboard.ts";
import { Icon } from "../../components/icon.tsx";
import { formats, localized, words } from "../../components/language.ts";
import { pointLink } from "../../components/links.ts";
import { Stat } from "../../components/site.tsx";
import { commonWords, leaderboardWords } from "../../i18n/language.ts";
import { recipeFieldNames } from "../../../protocol/recipe.ts";
import { axesOf, fieldLabel, pointOrder } from "./axes.ts";
import { pointKey, pointLabel } from "./points.ts";

/** The recipe fields that all trials share, in one line. */
export function RecipeLine(
  { leaderboard: { study } }: { readonly leaderboard: Leaderboard },
): JSX.Element {
  const t = words(leaderboardWords);
  const fields = recipeFieldNames.filter((name) =>
    // A field of 0 switches something off and need not be listed.
    !study.axes.includes(name) && study.recipe[name] !== 0
  ).map((name) => fieldLabel(name, study.recipe[name]));
  return (
    <p class="recipe">
      {t.recipe(
        datasetName(study.dataset),
        fields.join(t.axisChart.comma),
        formats.value.integer(study.replicates),
      )}
    </p>
  );
}

/** The data set's name as its authors write it. */
function datasetName(name: string): string {
  return name === "fashion-mnist" ? "Fashion-MNIST" : name;
}

/** The study in one paragraph, with a button that copies it. */
export function Summary(
  { leaderboard }: { readonly leaderboard: Leaderboard },
): JSX.Element | null {
  const t = words(leaderboardWords);
  const text = localized(leaderboard.summary);
  const common = words(commonWords);
  const [copied, setCopied] = useState(false);
  // Undefined on pages over plain HTTP from another machine.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  const copy = async () => {
    try {
      await clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  if (text === "") return null;
  return (
    <section class="summary" aria-labelledby="summary-heading">
      <h2 id="summary-heading">{t.summary}</h2>
      <p>{text}</p>
      {clipboard !== undefined && (
        <button type="button" class="button is-quiet" onClick={copy}>
          <Icon name={copied ? "check" : "copy"} />
          <span aria-live="polite">{copied ? common.copied : common.copy}</span>
        </button>
      )}
    </section>
  );
}

/** The study's progress, in figures and with a dot for each trial. */
export function Strip(
  { leaderboard }: { readonly leaderboard: Leaderboard },
): JSX.Element {
  const t = words(leaderboardWords).strip;
  const { progress, rows } = leaderboard;
  const count = formats.value.integer;
  const left = progress.queued + progress.leased;
  return (
    <section class="strip" aria-labelledby="strip-heading">
      <h2 id="strip-heading" class="hidden">{t.heading}</h2>
      <dl>
        <Stat name={t.done} note={t.ofTotal(count(progress.total))}>
          {count(progress.completed)}
        </Stat>
        <Stat
          name={t.left}
          note={[
            progress.leased > 0 ? t.running(count(progress.leased)) : "",
            progress.quarantined > 0
              ? t.quarantined(count(progress.quarantined))
              : "",
          ].filter((text) => text !== "").join(t.comma)}
        >
          {count(left)}
        </Stat>
        <Stat name={t.timeLeft}>{timeLeft(progress)}</Stat>
        <Stat name={t.workers}>{count(progress.workersOnline)}</Stat>
        <Stat name={t.rate}>
          {progress.trialsPerMinute === null
            ? "–"
            : formats.value.fixed(progress.trialsPerMinute, 1)}
        </Stat>
      </dl>
      {progress.standstill !== null && (
        <p class="standstill" role="status">
          {t.standstill[progress.standstill]}
        </p>
      )}
      <TrialDots study={leaderboard.study.id} progress={progress} rows={rows} />
    </section>
  );
}

function timeLeft(progress: Progress): string {
  const t = words(leaderboardWords).strip;
  if (progress.complete) return t.finished;
  return progress.secondsLeft === null
    ? "–"
    : formats.value.duration(progress.secondsLeft);
}

/** If there are more trials, a bar replaces the dots. */
const MOST_DOTS = 600;

const states = ["done", "running", "quarantined", "queued"] as const;

/** A dot for each trial, grouped by grid point; a bar for large studies. */
export function TrialDots(
  { study, progress, rows }: {
    readonly study: StudyId;
    readonly progress: Progress;
    readonly rows: readonly LeaderboardRow[];
  },
): JSX.Element | null {
  const t = words(leaderboardWords).strip;
  const count = formats.value.integer;
  if (progress.total === 0) return null;
  const counts = {
    done: progress.completed,
    running: progress.leased,
    quarantined: progress.quarantined,
    queued: progress.queued,
  };
  return (
    <div class="trials">
      <div>
        <p class="hidden">
          {t.matrix(
            count(counts.done),
            count(counts.running),
            count(progress.total),
          )}
        </p>
        {progress.total > MOST_DOTS
          ? <Bar counts={counts} total={progress.total} />
          : <Dots study={study} rows={rows} />}
      </div>
      <ul class="key" aria-hidden="true">
        {states.filter((state) => counts[state] > 0).map((state) => (
          <li key={state}>
            <i class={`dot is-${state}`} />
            {t.matrixKey[state]}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Dots(
  { study, rows }: {
    readonly study: StudyId;
    readonly rows: readonly LeaderboardRow[];
  },
): JSX.Element {
  // Sorted by the axes, so that points keep their places when results arrive.
  const order = pointOrder(axesOf(rows.map(({ params }) => params)));
  const sorted = rows.toSorted((a, b) => order(a.params, b.params));
  // These links are for pointers only, because they would be hundreds of tab
  // stops before the verdicts. The table has the same links for everybody.
  return (
    <div class="dots" aria-hidden="true">
      {sorted.map((row) => (
        <a
          key={pointKey(row.params)}
          href={pointLink(study, row.params)}
          title={pointLabel(row.params)}
          tabIndex={-1}
        >
          {dotsOf(row).map((state, i) => (
            <i
              key={i}
              class={`dot is-${state}`}
            />
          ))}
        </a>
      ))}
    </div>
  );
}

function dotsOf(row: LeaderboardRow): (typeof states[number])[] {
  const counts = {
    done: row.replicatesDone,
    running: row.replicatesRunning,
    quarantined: row.replicatesQuarantined,
  };
  const known = counts.done + counts.running + counts.quarantined;
  return states.flatMap((state) =>
    Array<typeof state>(
      state === "queued"
        ? Math.max(0, row.replicatesPlanned - known)
        : counts[state],
    ).fill(state)
  );
}

function Bar(
  { counts, total }: {
    readonly counts: Readonly<Record<typeof states[number], number>>;
    readonly total: number;
  },
): JSX.Element {
  let x = 0;
  return (
    <svg
      class="bar-of-trials"
      viewBox="0 0 1000 10"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {states.map((state) => {
        const width = counts[state] / total * 1000;
        const start = x;
        x += width;
        return (
          <rect
            key={state}
            class={`is-${state}`}
            x={start}
            width={width}
            height={10}
          />
        );
      })}
    </svg>
  );
}
