import type {
  Leaderboard,
  Report,
  ReportOrigin,
} from "../../protocol/leaderboard.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { startCommand } from "../study/builtin.ts";

/** Placeholder for the data in the template of `web/build/html.ts`. */
const SLOT = '<script type="application/json" id="report"></script>';

/** What a report contains besides the leaderboard. */
export interface StudyOrigin {
  readonly definition: StudyDefinition;
  readonly backends: ReportOrigin["backends"];
}

/**
 * A study's report. Without its origin, the workers and the complete definition
 * are unknown and left out.
 *
 * @param now Milliseconds since 1970.
 * @param deno Version of the runtime.
 */
export function reportOf(
  leaderboard: Leaderboard,
  study: StudyOrigin | null,
  now: number,
  deno: string,
): Report {
  const { id, replicates, recipe } = leaderboard.study;
  const start = study === null
    ? `deno task start --study ${id} --replicates ${replicates} ` +
      `--epochs ${recipe.epochs}`
    : startCommand(study.definition);
  return {
    leaderboard,
    origin: {
      madeAt: new Date(now).toISOString(),
      version: RELEASE,
      deno,
      protocolVersion: PROTOCOL_VERSION,
      commands: [start, `deno task report --study ${id} --out ${id}.html`],
      definition: study?.definition ?? null,
      backends: study?.backends ?? [],
    },
  };
}

/**
 * Inserts a report into the template from the build of the pages; the result is
 * a file that works offline.
 *
 * @throws {RangeError} if the template has no placeholder
 */
export function reportHtml(template: string, report: Report): string {
  const at = template.indexOf(SLOT);
  if (at < 0) {
    throw new RangeError(
      "the report's template has no placeholder for the data",
    );
  }
  // Escaped, so that no data can close the element that contains them.
  const json = JSON.stringify(report).replaceAll("<", "\\u003c");
  const filled = SLOT.replace("></", () => `>${json}</`);
  return template.slice(0, at) + filled + template.slice(at + SLOT.length);
}

/** The release that this code belongs to: the `version` of `deno.json`. */
export const RELEASE = "0.1.0";
