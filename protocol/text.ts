import * as z from "zod";
import type { Infer } from "./ids.ts";

/** Text shown to people, in both languages of the product. */
export type Text = Infer<typeof Text>;

/** @internal */
export const Text = z.strictObject({ en: z.string(), zh: z.string() });
