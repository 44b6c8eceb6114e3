import { type Language, languages } from "./language.ts";

/** Formats of numbers and times in one language. */
export interface Formats {
  /** Exactly `decimals` decimals, so that columns line up. */
  fixed(value: number, decimals: number): string;
  /** The same with a minus sign (U+2212) below zero and a plus above it. */
  signed(value: number, decimals: number): string;
  integer(value: number): string;
  /** `share` is in [0, 1]. */
  percent(share: number, decimals: number): string;
  /** A dropout rate, without trailing zeros. */
  rate(value: number): string;
  /** In the two largest units that fit: `2 h 5 min`. */
  duration(seconds: number): string;
  /** Day, hour and minute in the reader's time zone. */
  dateTime(time: Date): string;
  /** A past time in the largest unit that fits: `3 minutes ago`, `now`. */
  ago(seconds: number): string;
  /** In B, kB or MB, which are powers of 1000. */
  bytes(count: number): string;
  /** `a and b`, `a, b, and c`. */
  list(names: readonly string[]): string;
}

/** Makes the formats of a language. Keep the result: `Intl` starts slowly. */
export function createFormats(language: Language): Formats {
  const { tag, duration } = languages[language];
  const cache = new Map<string, Intl.NumberFormat>();
  const format = (value: number, options: Intl.NumberFormatOptions) => {
    const key = JSON.stringify(options);
    let found = cache.get(key);
    if (found === undefined) {
      found = new Intl.NumberFormat(tag, options);
      cache.set(key, found);
    }
    return found.format(value).replace("-", "\u2212");
  };
  const times = once(() =>
    new Intl.DateTimeFormat(tag, {
      year: "numeric",
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    })
  );
  const agos = once(() =>
    new Intl.RelativeTimeFormat(tag, { numeric: "auto" })
  );
  const lists = once(() => new Intl.ListFormat(tag, { type: "conjunction" }));
  const digits = (decimals: number) => ({
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return {
    list: (names) => lists().format(names),
    fixed: (value, decimals) => format(value, digits(decimals)),
    signed: (value, decimals) =>
      format(value, { ...digits(decimals), signDisplay: "exceptZero" }),
    integer: (value) => format(value, { maximumFractionDigits: 0 }),
    percent: (share, decimals) =>
      format(share, { style: "percent", ...digits(decimals) }),
    rate: (value) => format(value, { maximumFractionDigits: 4 }),
    duration: (seconds) => formatDuration(seconds, duration),
    dateTime: (time) => times().format(time),
    ago: (seconds) => {
      const [size, unit] = agoUnits.find(([size]) => seconds >= size) ??
        [1, "second"];
      return agos().format(-Math.floor(Math.max(0, seconds) / size), unit);
    },
    bytes: (count) => {
      const [divisor, unit] = count >= 1e6
        ? [1e6, "MB"]
        : count >= 1e3
        ? [1e3, "kB"]
        : [1, "B"];
      const scaled = count / divisor;
      return `${
        format(scaled, { maximumFractionDigits: scaled < 10 ? 1 : 0 })
      }\u00a0${unit}`;
    },
  };
}

/** Delays `make` until its first use: `Intl` starts slowly. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

const agoUnits = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
] as const;

function formatDuration(
  seconds: number,
  { units, gap, space }: typeof languages[Language]["duration"],
): string {
  // Without this rounding, 59.7 s would be `60 s` and not `1 min`.
  let rest = Math.max(0, Math.round(seconds));
  if (rest >= 3600) rest = Math.round(rest / 60) * 60;
  const sizes = [
    [86_400, units.day],
    [3600, units.hour],
    [60, units.minute],
    [1, units.second],
  ] as const;
  const first = sizes.findIndex(([size]) => rest >= size);
  if (first < 0) return `0${gap}${units.second}`;
  const words: string[] = [];
  for (const [size, unit] of sizes.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) words.push(`${count}${gap}${unit}`);
  }
  return words.join(space);
}
