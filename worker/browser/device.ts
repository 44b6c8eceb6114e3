/** What a page may know of the device it runs on. */
export interface DeviceFacts {
  readonly userAgent: string;
  /** `navigator.userAgentData`, where there is one. */
  readonly userAgentData?: {
    readonly platform?: string;
    readonly mobile?: boolean;
    readonly brands?: readonly {
      readonly brand: string;
      readonly version: string;
    }[];
  };
}

const systems: readonly (readonly [RegExp, string])[] = [
  [/Android/, "Android"],
  [/iPhone|iPod/, "iPhone"],
  [/iPad/, "iPad"],
  [/CrOS/, "ChromeOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/Linux/, "Linux"],
];

/** Each names itself beside the ones it wants to be taken for: order matters. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/Edg(?:A|iOS)?\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/SamsungBrowser\/(\d+)/, "Samsung Internet"],
  [/(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/Version\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari/, "Safari"],
];

/**
 * System and browser in a few words, as the workers' list shows them: no more
 * than each page that a browser visits is told.
 */
export function describeDevice(
  { userAgent, userAgentData }: DeviceFacts,
): string {
  const system = userAgentData?.platform ||
    systems.find(([pattern]) => pattern.test(userAgent))?.[1];
  const words = [system ?? "unknown system"];
  for (const [pattern, name] of browsers) {
    const version = pattern.exec(userAgent)?.[1];
    if (version === undefined) continue;
    words.push(`${name} ${version}`);
    break;
  }
  return words.join(", ");
}
