import type { Claim, ClaimKind } from "./claim.ts";
import { lowest } from "./lowest.ts";
import { order, swap } from "./pairs.ts";
import { trend } from "./trend.ts";

/** Every kind of claim, in the order in which verdicts are shown. */
export const claimKinds = {
  trend,
  lowest,
  swap,
  order,
} as const satisfies Readonly<Record<string, ClaimKind>>;

/** The built-in claims with their kinds, in the order in which they are shown. */
export const claims: readonly (readonly [Claim, ClaimKind])[] = Object
  .values<ClaimKind>(claimKinds)
  .flatMap((kind) => kind.claims.map((claim) => [claim, kind] as const));
