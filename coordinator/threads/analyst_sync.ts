import type { StudyId } from "../../protocol/ids.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { Views } from "../service/reads.ts";
import type { Analyst } from "./analyst.ts";
import { isAnalystError } from "./analyst.ts";

/** The revision of a study that an analyst has. */
export interface Known {
  readonly definition: StudyDefinition;
  readonly revision: number;
}

/** An analyst that is updated before each question. */
export interface AnalystSync {
  /** Null for an unknown study. */
  ask<T>(
    studyId: StudyId,
    question: (analyst: Analyst, known: Known) => Promise<T>,
  ): Promise<T | null>;
}

/**
 * Keeps an analyst up to date: each question first sends the changes in the
 * storage. An analyst whose thread died gets the whole study again.
 */
export function createAnalystSync(
  views: Pick<Views, "changes">,
  analyst: Analyst,
): AnalystSync {
  const told = new Map<StudyId, number>();
  const last = new Map<StudyId, Promise<unknown>>();

  async function tell(studyId: StudyId): Promise<Known | null> {
    for (;;) {
      const before = told.get(studyId) ?? null;
      const found = await views.changes(studyId, before ?? 0);
      if (found === null) return null;
      const { definition, revision, trials, more } = found;
      if (revision !== before) {
        const anew = before === null;
        if (!await analyst.tell({ definition, trials, anew, more })) {
          told.delete(studyId);
          continue;
        }
        told.set(studyId, revision);
      }
      if (!more) return { definition, revision };
    }
  }

  /** Updates run one after the other, so that none overtakes an older one. */
  function upToDate(studyId: StudyId): Promise<Known | null> {
    const known = (last.get(studyId) ?? Promise.resolve())
      .then(() => tell(studyId));
    last.set(studyId, known.catch(() => {}));
    return known;
  }

  return {
    async ask(studyId, question) {
      const once = async () => {
        const known = await upToDate(studyId);
        return known === null ? null : await question(analyst, known);
      };
      try {
        return await once();
      } catch (error) {
        if (!isAnalystError(error)) throw error;
        // Its thread died, or was restarted without data.
        told.clear();
        return await once();
      }
    },
  };
}
