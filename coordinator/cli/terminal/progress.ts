import cliProgress from "cli-progress";
import type { Writable } from "node:stream";
import picocolors from "picocolors";
import stringWidth from "string-width";
import type { Progress, Standstill } from "../../../protocol/leaderboard.ts";
import type { Language, TextStyle } from "./language.ts";

// @ts-types="@types/cli-progress"

/** Why no trial goes on; `starting`: the command's own workers are. */
export type ShownStandstill = Standstill | "starting";

/** A study's progress as the command that runs it shows it. */
export type ShownProgress = Omit<Progress, "standstill"> & {
  readonly standstill: ShownStandstill | null;
};

/** How far a file has come. */
export interface Transfer {
  readonly file: string;
  readonly receivedBytes: number;
  /** Null: nobody knows. */
  readonly totalBytes: number | null;
  readonly done: boolean;
}

/** Shows how far a study or its data have come, until it is stopped. */
export interface ProgressDisplay {
  update(progress: ShownProgress): void;
  download(transfer: Transfer): void;
  /** Prints a line; on a terminal above the bar. */
  log(line: string): void;
  /** Takes the bar away; what it showed last stays as a plain line. */
  stop(): void;
}

/** Where and how progress is shown. */
export interface ProgressDisplayOptions {
  /** Standard error, most likely. */
  readonly stream: Writable & { readonly isTTY?: boolean };
  readonly style: TextStyle;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Without a terminal, at least this many seconds lie between lines. */
  readonly everySeconds?: number;
}

const BAR = 24;

const LEAST_BAR = 8;

/**
 * The line with a bar: `[######------]  50% 22 of 45 trials, …`. The text goes
 * before the bar where the width is too small for both.
 */
export function barLine(progress: ShownProgress, style: TextStyle): string {
  const text = progressText(progress, style.language);
  return barBefore(text, percentDone(progress), style);
}

/** The same for a file: `[######------]  50% train-images: 13.2 of 26.4 MB`. */
function transferLine(transfer: Transfer, style: TextStyle): string {
  const percent = percentReceived(transfer);
  return percent === null
    ? cut(transferText(transfer), style.columns - 1)
    : barBefore(transferText(transfer), percent, style);
}

function transferText({ file, receivedBytes, totalBytes }: Transfer): string {
  const mega = (bytes: number) => (bytes / 1e6).toFixed(1);
  return totalBytes === null
    ? `${file}: ${mega(receivedBytes)} MB`
    : `${file}: ${mega(receivedBytes)} of ${mega(totalBytes)} MB`;
}

function percentReceived(
  { receivedBytes, totalBytes }: Transfer,
): number | null {
  if (totalBytes === null || totalBytes === 0) return null;
  return Math.min(100, Math.floor(100 * receivedBytes / totalBytes));
}

function barBefore(
  text: string,
  percentage: number,
  { colour, columns }: TextStyle,
): string {
  const percent = `${percentage}%`.padStart(4);
  const room = columns - stringWidth(`${percent} ${text}`) - 4;
  const size = Math.min(BAR, room);
  if (size < LEAST_BAR) return cut(`${percent.trim()} ${text}`, columns - 1);
  const done = Math.floor(size * percentage / 100);
  const colours = picocolors.createColors(colour);
  const bar = colours.green("#".repeat(done)) + "-".repeat(size - done);
  return `[${bar}] ${percent} ${text}`;
}

function cut(text: string, columns: number): string {
  let kept = "";
  for (const letter of text) {
    if (stringWidth(kept + letter) > columns) break;
    kept += letter;
  }
  return kept;
}

/** One line now and then, for logs and pipes. */
function plainDisplay(
  { stream, style, now, everySeconds = 10 }: ProgressDisplayOptions,
): ProgressDisplay {
  let shown: { percent: number; at: number } | null = null;
  let quarter = "";
  const print = (line: string) => stream.write(`${line}\n`);
  return {
    update(progress) {
      const percent = percentDone(progress);
      const at = now();
      if (shown !== null) {
        if (percent === shown.percent) return;
        const early = at - shown.at < 1000 * everySeconds;
        if (early && !progress.complete) return;
      }
      shown = { percent, at };
      print(`${percent}% ${progressText(progress, style.language)}`);
    },
    download(transfer) {
      const percent = percentReceived(transfer);
      if (percent === null) return;
      const step = `${transfer.file} ${Math.floor(percent / 25)}`;
      if (step === quarter) return;
      quarter = step;
      print(`${percent}% ${transferText(transfer)}`);
    },
    log: print,
    stop() {},
  };
}

/** A bar that is drawn again in place. */
function terminalDisplay(
  { stream, style }: ProgressDisplayOptions,
): ProgressDisplay {
  let latest: ShownProgress | null = null;
  let transfer: Transfer | null = null;
  const line = () => {
    if (transfer !== null) return transferLine(transfer, style);
    return latest === null ? "" : barLine(latest, style);
  };
  const bar = new cliProgress.SingleBar({
    stream,
    format: line,
    clearOnComplete: true,
    hideCursor: true,
    // Signals are the command's own affair.
    gracefulExit: false,
  });
  let drawn = false;
  // What the bar counts is never shown: its line is.
  const draw = () => {
    if (line() === "") return;
    if (drawn) bar.update(0);
    else bar.start(1, 0);
    drawn = true;
  };
  const clear = () => {
    if (drawn) bar.stop();
    drawn = false;
  };
  return {
    update(progress) {
      latest = progress;
      draw();
    },
    download(next) {
      if (next.done) clear();
      transfer = next.done ? null : next;
      draw();
    },
    log(text) {
      clear();
      // What is said while a file comes is that it does not.
      transfer = null;
      stream.write(`${text}\n`);
      draw();
    },
    stop() {
      clear();
      if (latest !== null) {
        stream.write(`${progressText(latest, style.language)}\n`);
      }
      latest = null;
      transfer = null;
    },
  };
}

/**
 * A display of a running study's progress: a bar on a terminal, elsewhere a
 * plain line at each new percentage, but no more often than `everySeconds`.
 */
export function createProgressDisplay(
  options: ProgressDisplayOptions,
): ProgressDisplay {
  return options.stream.isTTY === true
    ? terminalDisplay(options)
    : plainDisplay(options);
}

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
    standstill: {
      "not-active": "not leased now",
      "no-workers": "nobody is training",
      starting: "training is starting here",
      "all-failed": "needs another machine",
    },
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
    standstill: {
      "not-active": "现在没有分发",
      "no-workers": "没有人在训练",
      starting: "本机的训练正在启动",
      "all-failed": "需要另一台机器",
    },
    comma: "，",
  },
} as const;

/** Where a study stands, in one line without a bar. */
export function progressText(
  progress: ShownProgress,
  language: Language,
): string {
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
    progress.standstill === null ? null : say.standstill[progress.standstill],
    trialsPerMinute === null ? null : say.rate(trialsPerMinute.toFixed(1)),
    secondsLeft === null ? null : say.left(durationText(secondsLeft, language)),
  ].filter(isText).join(say.comma);
}

const isText = (part: string | null): part is string => part !== null;

/** Whole percent done, rounded down: 100 only when all is. */
export function percentDone(
  { total, completed, quarantined }: ShownProgress,
): number {
  if (total === 0) return 100;
  return Math.floor(100 * (completed + quarantined) / total);
}
