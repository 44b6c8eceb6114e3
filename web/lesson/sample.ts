import * as z from "zod";
import { Leaderboard } from "../../coordinator/protocol/leaderboard.ts";

/** A finished study that is committed with the source, and how it was made. */
export const SampleStudy = z.strictObject({
  about: z.strictObject({
    /** What printed the leaderboard. */
    command: z.string(),
    /** The day on which it was committed: `2026-11-24`. */
    committed: z.iso.date(),
    /** Version of Deno. */
    deno: z.string(),
    /** Version of TensorFlow.js. */
    tensorflow: z.string(),
    backend: z.string(),
  }),
  leaderboard: Leaderboard,
});
export type SampleStudy = z.infer<typeof SampleStudy>;
