import * as z from "zod";
import { StudyId } from "../../../protocol/ids.ts";
import { NewerValueError, type StorageError } from "../storage.ts";

/** A stored value that only a newer version can read. */
export class UnreadableValue extends Error {
  /** Null if it does not belong to a single study. */
  readonly studyId: StudyId | null;
  /** The reason, for people. */
  readonly why: string;

  constructor(value: unknown, error: z.ZodError) {
    const why = whyUnreadable(error);
    super(`a stored value that this version cannot read: ${why}`);
    this.why = why;
    this.studyId = studyOf(value);
  }

  /** One line for people. @param where ` in swarm.db`; default: left out */
  line(where = ""): string {
    const what = this.studyId === null
      ? "a value"
      : `the study ${this.studyId}`;
    return `cannot read ${what}${where}: it was written by a newer version: ` +
      `${this.why}; upgrade this coordinator`;
  }
}

const Named = z.union([
  z.looseObject({ studyId: StudyId }).transform(({ studyId }) => studyId),
  z.looseObject({ id: StudyId }).transform(({ id }) => id),
]);

/** The reason for a trial's spec or a study's definition. */
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

/** The studies in a database that this version cannot read. */
export interface UnreadableStudies {
  /** Studies that were found so far. */
  readonly ids: readonly StudyId[];
  /** Converts an `UnreadableValue` for people; returns other errors. */
  explain(error: unknown): unknown;
  /** The function's value; null if it is unreadable. */
  skip<T>(read: () => T): T | null;
}

/**
 * @param where Name of the database for errors.
 * @param onUnreadable Called once for each study.
 */
export function createUnreadableStudies(
  where: string,
  onUnreadable: (error: StorageError) => void,
): UnreadableStudies {
  const met = new Map<StudyId, StorageError>();

  function explain(error: unknown): unknown {
    if (!(error instanceof UnreadableValue)) return error;
    const { studyId } = error;
    const explained = new NewerValueError(
      error.line(` in ${where}`),
      error.line(),
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
