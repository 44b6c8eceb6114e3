import { trialsEn, type TrialsWords } from "./trials_en.ts";
import { trialsZh } from "./trials_zh.ts";

export type { TrialsWords };

/** Words about trials and grid points, in both languages. */
export const trialsWords = { en: trialsEn, zh: trialsZh };
