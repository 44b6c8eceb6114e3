import type * as z from "zod";

/**
 * What a schema reads. The same as `z.infer`, under a name that the package's
 * documentation can show without taking in zod's own.
 *
 * @internal
 */
export type Infer<Schema extends z.ZodType> = z.infer<Schema>;
