import type { Progress } from "../protocol/leaderboard.ts";
import type { Language } from "./language.ts";

/** `45 s`, `12 min`, `3 h 05 min`. */
export function durationText(seconds: number, language: Language): string {
  const units = language === "zh"
    ? { s: "秒", min: "分钟", h: "小时" }
    : { s: "s", min: "min", h: "h" };
  if (seconds < 60) return `${Math.ceil(seconds)} ${units.s}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} ${units.min}`;
  const rest = `${minutes % 60}`.padStart(2, "0");
  return `${Math.floor(minutes / 60)} ${units.h} ${rest} ${units.min}`;
}

const words = {
  en: {
    done: (completed: number, total: number) =>
      `${completed} of ${total} trials`,
    running: (count: number) => `${count} running`,
    quarantined: (count: number) => `${count} failed`,
    workers: (count: number) =>
      `${count} ${count === 1 ? "worker" : "workers"}`,
    rate: (rate: string) => `${rate} a minute`,
    left: (time: string) => `${time} left`,
    complete: "complete",
    comma: ", ",
  },
  zh: {
    done: (completed: number, total: number) =>
      `已完成 ${completed}/${total} 次试验`,
    running: (count: number) => `${count} 次进行中`,
    quarantined: (count: number) => `${count} 次失败`,
    workers: (count: number) => `${count} 个工作节点`,
    rate: (rate: string) => `每分钟 ${rate} 次`,
    left: (time: string) => `还需 ${time}`,
    complete: "全部完成",
    comma: "，",
  },
} as const;

/** Where a study stands, in one line without a bar. */
export function progressText(progress: Progress, language: Language): string {
  const say = words[language];
  const { trialsPerMinute, secondsLeft } = progress;
  const parts = [
    say.done(progress.completed, progress.total),
    progress.leased > 0 ? say.running(progress.leased) : null,
    progress.quarantined > 0 ? say.quarantined(progress.quarantined) : null,
  ];
  if (progress.complete) {
    return [...parts, say.complete].filter(isText).join(say.comma);
  }
  return [
    ...parts,
    say.workers(progress.workersOnline),
    trialsPerMinute === null ? null : say.rate(trialsPerMinute.toFixed(1)),
    secondsLeft === null ? null : say.left(durationText(secondsLeft, language)),
  ].filter(isText).join(say.comma);
}

const isText = (part: string | null): part is string => part !== null;

/** Whole percent done, rounded down: 100 only when all is. */
export function percentDone(
  { total, completed, quarantined }: Progress,
): number {
  if (total === 0) return 100;
  return Math.floor(100 * (completed + quarantined) / total);
}
