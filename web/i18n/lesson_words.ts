import { lessonEn, type LessonWords } from "./lesson_en.ts";
import { lessonZh } from "./lesson_zh.ts";

export type { LessonWords };

/** Words of the lesson page, in both languages. */
export const lessonWords = { en: lessonEn, zh: lessonZh };
