import type { StudyId } from "../protocol/ids.ts";
import type { StudyDefinition } from "../protocol/study.ts";
import type { Views } from "../swarm/views.ts";
import type { Analyst } from "./analyst.ts";
import { isAnalystError } from "./analyst_error.ts";

/** How far an analyst knows a study. */
export interface Known {
  readonly definition: StudyDefinition;
  readonly revision: number;
}

/** An analyst that is told what changed before it is asked. */
export interface Followed {
  /** Null for an unknown study. */
  ask<T>(
    studyId: StudyId,
    question: (analyst: Analyst, known: Known) => Promise<T>,
  ): Promise<T | null>;
}

/** Time, for parts that are told one after the other. */
export interface Breath {
  /** Milliseconds of any clock that only goes forward. */
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
}

/**
 * Workers' calls have three quarters of the time while news are read: of
 * thousands of workers there are enough for seconds, and each part keeps calls
 * waiting.
 */
const TIMES_AS_LONG = 3;
/** Then it hurries, so that it comes to an end however fast news come in. */
const MOST_PAUSES = 100;

/**
 * Keeps an analyst up to date: whoever asks makes it hear first what changed in
 * the storage since. An analyst whose thread died begins anew, and is told all.
 *
 * @param breath Without it, parts follow at once.
 */
export function follow(
  views: Pick<Views, "changes">,
  analyst: Analyst,
  breath?: Breath,
): Followed {
  const told = new Map<StudyId, number>();
  /** Studies that it was told of in part. */
  const learning = new Set<StudyId>();
  const last = new Map<StudyId, Promise<unknown>>();

  async function tell(studyId: StudyId): Promise<Known | null> {
    for (let parts = 1;; parts++) {
      const before = told.get(studyId) ?? null;
      const begun = breath?.now() ?? 0;
      const found = await views.changes(studyId, before ?? 0);
      if (found === null) return null;
      const { definition, revision, trials, more } = found;
      if (revision !== before) {
        const anew = before === null;
        if (anew) learning.add(studyId);
        if (!await analyst.tell({ definition, trials, anew, more })) {
          told.delete(studyId);
          continue;
        }
        told.set(studyId, revision);
      }
      if (!more) {
        learning.delete(studyId);
        return { definition, revision };
      }
      // Until it was told all once, there is nothing to show meanwhile.
      if (breath === undefined || learning.has(studyId)) continue;
      if (parts > MOST_PAUSES) continue;
      await breath.pause(TIMES_AS_LONG * (breath.now() - begun));
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
