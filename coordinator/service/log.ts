/** How much a message matters, the least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Facts beside the message; never a secret. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | null>
>;

/** Takes what there is to tell; told where it goes by whoever made it. */
export type Log = (
  level: LogLevel,
  message: string,
  fields?: LogFields,
) => void;

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * A log of one JSON document a line, so that no text of a volunteer's can
 * forge a line.
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

/**
 * JSON of which a terminal obeys nothing: the standard lets C1 controls and
 * marks that turn the text around stand as they are.
 */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The same as a line for people; what a volunteer wrote stands in quotes. */
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
