import type {
  Leaderboard,
  Report,
  ReportOrigin,
} from "../../protocol/leaderboard.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import { startCommand } from "../study/builtin.ts";

/** Where the data goes in the template, which `web/build/pages.ts` writes. */
const SLOT = '<script type="application/json" id="report"></script>';

/** What is known of a study beside its leaderboard. */
export interface StudyOrigin {
  readonly definition: StudyDefinition;
  readonly backends: ReportOrigin["backends"];
}

/**
 * A study's report. Without its origin, the leaderboard is all that is known:
 * not who trained, nor the whole definition.
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
 * Puts a report into the template that the build of the pages made: a file that
 * opens from a disk, offline.
 *
 * @throws {RangeError} where the template has no place for it
 */
export function reportHtml(template: string, report: Report): string {
  const at = template.indexOf(SLOT);
  if (at < 0) {
    throw new RangeError("the report's template has no place for the data");
  }
  // Nothing in the data may end the element that holds it.
  const json = JSON.stringify(report).replaceAll("<", "\\u003c");
  const filled = SLOT.replace("></", () => `>${json}</`);
  return template.slice(0, at) + filled + template.slice(at + SLOT.length);
}

/** The release that this code belongs to: the `version` of `deno.json`. */
export const RELEASE = "0.1.0";
