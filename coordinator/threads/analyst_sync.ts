import type { StudyId } from "../../protocol/ids.ts";
import type { StudyDefinition } from "../../protocol/study.ts";
import type { Views } from "../service/reads.ts";
import type { Analyst } from "./analyst.ts";
import { isAnalystError } from "./analyst.ts";

/** How far an analyst knows a study. */
export interface Known {
  readonly definition: StudyDefinition;
  readonly revision: number;
}

/** An analyst that is told what changed before it is asked. */
export interface AnalystSync {
  /** Null for an unknown study. */
  ask<T>(
    studyId: StudyId,
    question: (analyst: Analyst, known: Known) => Promise<T>,
  ): Promise<T | null>;
}

/**
 * Keeps an analyst up to date: whoever asks makes it hear first what changed in
 * the storage since. An analyst whose thread died begins anew, and is told all.
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

  /** One telling after the other: none overtakes an older one. */
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
        // It died, or another took its place and knows nothing.
        told.clear();
        return await once();
      }
    },
  };
}
