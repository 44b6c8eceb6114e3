import {
  joinEn,
  type JoinWords,
  leaderboardEn,
  type LeaderboardWords,
  lessonEn,
  type LessonWords,
  trialsEn,
  type TrialsWords,
} from "./en.ts";
import { joinZh, leaderboardZh, lessonZh, trialsZh } from "./zh.ts";

export type { LeaderboardWords };

/** Words of the leaderboard page, in both languages. */
export const leaderboardWords = { en: leaderboardEn, zh: leaderboardZh };

export type { JoinWords };

/** Words of the join page, in both languages. */
export const joinWords = { en: joinEn, zh: joinZh };

export type { TrialsWords };

/** Words about trials and grid points, in both languages. */
export const trialsWords = { en: trialsEn, zh: trialsZh };

export type { LessonWords };

/** Words of the lesson page, in both languages. */
export const lessonWords = { en: lessonEn, zh: lessonZh };
