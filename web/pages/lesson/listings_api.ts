import * as z from "zod";

/** A listing as the page gets it; `listings.ts` makes them at build time. */
export const Listing = z.strictObject({
  id: z.enum(["dropoutLayer", "forward", "model", "CounterDropout"]),
  /** Where it was cut out, relative to the project's root. */
  file: z.string(),
  /** Pieces of code, each with its style; empty for plain text. */
  tokens: z.array(z.tuple([z.string(), z.string()])),
});
export type Listing = z.infer<typeof Listing>;

/** A piece of code in one style. */
export type Token = Listing["tokens"][number];
