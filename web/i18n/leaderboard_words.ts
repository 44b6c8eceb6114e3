import { leaderboardEn, type LeaderboardWords } from "./leaderboard_en.ts";
import { leaderboardZh } from "./leaderboard_zh.ts";

export type { LeaderboardWords };

/** Words of the leaderboard page, in both languages. */
export const leaderboardWords = { en: leaderboardEn, zh: leaderboardZh };
