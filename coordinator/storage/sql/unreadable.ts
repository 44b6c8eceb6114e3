import * as z from "zod";
import { StudyId } from "../../../protocol/ids.ts";
import { StorageError } from "../storage.ts";

/** A stored value that this version cannot read: a newer one has written it. */
export class UnreadableValue extends Error {
  /** Null: it is of no single study. */
  readonly studyId: StudyId | null;
  /** What is new about it, for people. */
  readonly why: string;

  constructor(value: unknown, error: z.ZodError) {
    const why = whyUnreadable(error);
    super(`a stored value that this version cannot read: ${why}`);
    this.why = why;
    this.studyId = studyOf(value);
  }
}

const Named = z.union([
  z.looseObject({ studyId: StudyId }).transform(({ studyId }) => studyId),
  z.looseObject({ id: StudyId }).transform(({ id }) => id),
]);

/** Of a trial's spec or of a study's definition. */
function studyOf(value: unknown): StudyId | null {
  return Named.safeParse(value).data ?? null;
}

function whyUnreadable({ issues: [issue] }: z.ZodError): string {
  const path = issue?.path.join(".") ?? "";
  if (issue?.code !== "unrecognized_keys") {
    return `this version cannot read its ${path === "" ? "content" : path}`;
  }
  const kind = path === "recipe" || path === "params"
    ? "recipe field"
    : "field";
  const fields = issue.keys.length === 1 ? kind : `${kind}s`;
  return `it has the ${fields} ${issue.keys.join(", ")}`;
}

/** Studies that this version cannot read, in one database. */
export interface UnreadableStudies {
  /** Those that were met so far. */
  readonly ids: readonly StudyId[];
  /** An error for people in place of an `UnreadableValue`; others as they are. */
  explain(error: unknown): unknown;
  /** What the function makes; null where the value is unreadable. */
  skip<T>(read: () => T): T | null;
}

/**
 * @param where Names the database in errors.
 * @param onUnreadable Told of each study once.
 */
export function createUnreadableStudies(
  where: string,
  onUnreadable: (error: StorageError) => void,
): UnreadableStudies {
  const met = new Map<StudyId, StorageError>();

  function explain(error: unknown): unknown {
    if (!(error instanceof UnreadableValue)) return error;
    const { studyId, why } = error;
    const subject = studyId === null ? "a value" : `the study ${studyId}`;
    const explained = new StorageError(
      "newer",
      `cannot read ${subject} in ${where}: it was written by a newer ` +
        `version: ${why}; upgrade this coordinator`,
      error,
    );
    if (studyId !== null && !met.has(studyId)) {
      met.set(studyId, explained);
      onUnreadable(explained);
    }
    return explained;
  }

  return {
    get ids() {
      return [...met.keys()];
    },
    explain,
    skip(read) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof UnreadableValue)) throw error;
        explain(error);
        return null;
      }
    },
  };
}
