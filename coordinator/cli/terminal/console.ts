import { generate } from "lean-qr";
import type { Writable } from "node:stream";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import { terminalLanguage, type TextStyle } from "./language.ts";
import { leaderboardText } from "./leaderboard_text.ts";
import {
  createProgressDisplay,
  type ShownProgress,
  type Transfer,
} from "./progress.ts";

/** What the `start` command shows in its terminal. */
export interface StartConsole {
  /** A line about what happens, above the progress. */
  line(text: string): void;
  /** Where other devices join; with a QR code where a terminal can show one. */
  invite(link: string): void;
  progress(progress: ShownProgress): void;
  /** How far a file has come that the study needs. */
  download(transfer: Transfer): void;
  /** Takes the progress away. */
  quiet(): void;
  /** The answer: text for people, or the one JSON document. */
  leaderboard(leaderboard: Leaderboard): void;
}

interface Terminal {
  readonly stdout: Writable & {
    isTTY?: boolean;
    columns?: number | undefined;
  };
  readonly stderr: Writable & { isTTY?: boolean };
  readonly variable: (name: string) => string | undefined;
  readonly now: () => number;
}

/** Columns where nobody tells: what a log or a pipe is read in. */
const PLAIN_COLUMNS = 80;

/** Wider lines are harder to read than a second line. */
const MOST_COLUMNS = 120;

/**
 * A console on a process's streams. Progress and messages go to standard
 * error; the leaderboard alone goes to standard output, so that it can be
 * piped, as text or with `json` as JSON.
 */
export function createConsole(
  { json }: { readonly json: boolean },
  { stdout, stderr, variable, now }: Terminal,
): StartConsole {
  const plain = variable("NO_COLOR") !== undefined &&
    variable("NO_COLOR") !== "";
  const style = (stream: { isTTY?: boolean }): TextStyle => ({
    colour: stream.isTTY === true && !plain,
    columns: Math.min(stdout.columns ?? PLAIN_COLUMNS, MOST_COLUMNS),
    language: terminalLanguage(variable),
  });
  const display = createProgressDisplay({
    stream: stderr,
    style: style(stderr),
    now,
  });
  return {
    line: (text) => display.log(text),
    invite(link) {
      display.log(`join from another device: ${link}`);
      if (style(stderr).colour) display.log(qrText(link));
    },
    progress: (progress) => display.update(progress),
    download: (transfer) => display.download(transfer),
    quiet: () => display.stop(),
    leaderboard(leaderboard) {
      display.stop();
      stdout.write(
        json
          ? `${JSON.stringify(leaderboard, null, 2)}\n`
          : `\n${leaderboardText(leaderboard, style(stdout))}\n`,
      );
    },
  };
}

/** The quiet zone that readers need around a code, in modules. */
const QUIET = 4;

/** Black on bright white, whatever the terminal's colours: cameras need it. */
const [INK, OFF] = ["\x1b[30;107m", "\x1b[0m"];

/** A QR code of a link for a terminal with colours; a line is two modules. */
export function qrText(link: string): string {
  const code = generate(link);
  const lines: string[] = [];
  for (let y = -QUIET; y < code.size + QUIET; y += 2) {
    let line = "";
    for (let x = -QUIET; x < code.size + QUIET; x++) {
      const [top, bottom] = [code.get(x, y), code.get(x, y + 1)];
      line += top ? bottom ? "█" : "▀" : bottom ? "▄" : " ";
    }
    lines.push(`${INK}${line}${OFF}`);
  }
  return lines.join("\n");
}
