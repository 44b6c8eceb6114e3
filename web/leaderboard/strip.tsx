import type { JSX } from "preact";
import type {
  Leaderboard,
  Progress,
} from "../../coordinator/protocol/leaderboard.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { formats, words } from "../ui/language.ts";
import { Stat } from "../ui/stat.tsx";
import { TrialDots } from "./trial_dots.tsx";

/** How far the study is, in figures and as one dot a trial. */
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
