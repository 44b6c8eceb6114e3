import type { JSX } from "preact";
import type { StudyId } from "../../coordinator/protocol/ids.ts";
import type {
  LeaderboardRow,
  Progress,
} from "../../coordinator/protocol/leaderboard.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { formats, words } from "../ui/language.ts";
import { pointLink } from "../ui/links.ts";
import { pointKey, pointLabel } from "./points.ts";

/** With more trials than this a dot each is noise: a bar says it better. */
const MOST_DOTS = 600;

const states = ["done", "running", "quarantined", "queued"] as const;

/** One dot a trial, a group a grid point; a bar for large studies. */
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
  // By the rates: a point stays where it is while results come in.
  const sorted = rows.toSorted((a, b) =>
    a.params.dropout1 - b.params.dropout1 ||
    a.params.dropout2 - b.params.dropout2
  );
  // For the pointer: the table below has the same links for everybody, and so
  // many stops before the verdicts would be in the keyboard's way.
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
