import * as z from "zod";
import type { Infer } from "./infer.ts";
import { Leaderboard } from "./leaderboard.ts";
import { StudyDefinition } from "./study.ts";

/** How a report's figures came about. */
export type ReportOrigin = Infer<typeof ReportOrigin>;
/** @internal */
export const ReportOrigin = z.strictObject({
  /** When the report was made, in ISO 8601. */
  madeAt: z.iso.datetime(),
  /** Of dropout-swarm and of Deno, where the report was made. */
  version: z.string(),
  deno: z.string(),
  protocolVersion: z.int(),
  /** Runs the study again, and makes the report of it. */
  commands: z.array(z.string()),
  /** Null where the leaderboard alone was at hand. */
  definition: StudyDefinition.nullable(),
  /** What trained the accepted results; empty where that is not known. */
  backends: z.array(z.strictObject({
    backend: z.string(),
    trials: z.int().min(1),
    seconds: z.number(),
  })),
});

/** What a report's file holds, all of it: nothing is fetched. */
export type Report = Infer<typeof Report>;
/** @internal */
export const Report = z.strictObject({
  leaderboard: Leaderboard,
  origin: ReportOrigin,
});
