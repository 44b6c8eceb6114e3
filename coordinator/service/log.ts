import { escapeUnsafe } from "../../protocol/text.ts";

/** Severities, lowest first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Fields besides the message; never secrets. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | null>
>;

/** Writes one message; its creator chooses the destination. */
export type Log = (
  level: LogLevel,
  message: string,
  fields?: LogFields,
) => void;

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * A log of one JSON document per line: no volunteer's text can forge a line.
 *
 * @param now Milliseconds since 1970.
 */
export function createLog(
  write: (line: string) => void,
  now: () => number,
  lowest: LogLevel = "info",
): Log {
  return (level, message, fields) => {
    if (order.indexOf(level) < order.indexOf(lowest)) return;
    const time = new Date(now()).toISOString();
    write(json({ time, level, message, ...fields }));
  };
}

/** JSON itself does not escape C1 controls and bidirectional marks. */
const json = (value: unknown) => escapeUnsafe(JSON.stringify(value));

/** The same as a line for people; volunteers' texts are quoted. */
function logText(
  level: LogLevel,
  message: string,
  fields: LogFields = {},
): string {
  const facts = Object.entries(fields).map(([name, value]) =>
    `${name}=${/^[\w.:/-]+$/.test(`${value}`) ? value : json(value)}`
  );
  return [`${level}:`, message, ...facts].join(" ");
}

/** A log of lines for people. */
export function createTextLog(
  write: (line: string) => void,
  lowest: LogLevel = "info",
): Log {
  return (level, message, fields) => {
    if (order.indexOf(level) < order.indexOf(lowest)) return;
    write(logText(level, message, fields));
  };
}
