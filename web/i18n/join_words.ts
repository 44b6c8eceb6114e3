import { joinEn, type JoinWords } from "./join_en.ts";
import { joinZh } from "./join_zh.ts";

export type { JoinWords };

/** Words of the join page, in both languages. */
export const joinWords = { en: joinEn, zh: joinZh };
