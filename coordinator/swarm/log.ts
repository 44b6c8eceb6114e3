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
    write(JSON.stringify({ time, level, message, ...fields }));
  };
}
