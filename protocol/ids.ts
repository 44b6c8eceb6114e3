import * as z from "zod";

/** Branded identifiers: a trial's id cannot stand in for a lease's. */

/** Lower-case words joined by dashes, as they stand in addresses: `seed`. */
export type StudyId = Infer<typeof StudyId>;

/** @internal */
export const StudyId = z.string().regex(
  /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
  "a study id is lower-case letters and digits joined by dashes",
).max(64).brand<"StudyId">();

/** Says what the trial trains: `seed-1a2b3c4d-d1_0.2-d2_0.5-r0`. */
export type TrialId = Infer<typeof TrialId>;

/** @internal */
export const TrialId = z.string().regex(
  /^[a-z0-9][a-z0-9._-]*$/,
  "a trial id is lower-case letters, digits, dots, dashes and underscores",
).max(256).brand<"TrialId">();

/** Given by the coordinator at registration. */
export type WorkerId = Infer<typeof WorkerId>;

/** @internal */
export const WorkerId = z.uuid().brand<"WorkerId">();

/** One lease of one attempt at a trial. */
export type LeaseId = Infer<typeof LeaseId>;

/** @internal */
export const LeaseId = z.uuid().brand<"LeaseId">();

/** SHA-256 as 64 lower-case hexadecimal digits. */
export type Sha256 = Infer<typeof Sha256>;

/** @internal */
export const Sha256 = z.string().regex(
  /^[0-9a-f]{64}$/,
  "a SHA-256 is 64 lower-case hexadecimal digits",
).brand<"Sha256">();

/**
 * The type that a schema reads. It is `z.infer` under our own name, so that the
 * package's documentation does not include zod's types.
 *
 * @internal
 */
export type Infer<Schema extends z.ZodType> = z.infer<Schema>;
