import type { Verdict, VerdictName } from "../../../protocol/leaderboard.ts";
import { type Claim, claims, type RankedMetric } from "./claims.ts";
import type { Effect, Evidence } from "./evidence.ts";
import { lowestEvidence } from "./lowest.ts";
import { orderEvidence, swapEvidence } from "./pairs.ts";
import { trendEvidence } from "./trend.ts";
import { ALPHA, holm } from "../statistics/statistics.ts";
import type { PointData } from "../study_data.ts";

/** The probabilities of being best, per point in the data's order. */
export type BestByMetric = Readonly<
  Record<RankedMetric, readonly (number | null)[]>
>;

interface Judgement {
  readonly claim: Claim;
  readonly verdict: VerdictName;
  readonly effect: Verdict["effect"];
  readonly replicates: number;
  readonly pAdjusted: number | null;
  readonly moreReplicates: number | null;
}

/** A claim tested on its own data. */
export interface TestedClaim extends Judgement {
  readonly kind: "tested";
  readonly evidence: Evidence;
}

/** A claim that holds if others do. */
export interface CombinedClaim extends Judgement {
  readonly kind: "combined";
  readonly parts: readonly TestedClaim[];
}

/** A claim with its verdict. */
export type JudgedClaim = TestedClaim | CombinedClaim;

function evidenceFor(
  claim: Claim,
  points: readonly PointData[],
  best: BestByMetric,
): Evidence | null {
  const { metric, margin, test } = claim;
  switch (test.kind) {
    case "trend":
      return trendEvidence(points, metric);
    case "lowest": {
      const probabilities = Object.entries(best)
        .find(([name]) => name === metric)?.[1] ?? [];
      return lowestEvidence(points, metric, margin, probabilities);
    }
    case "swap":
      return swapEvidence(points, metric, margin);
    case "order":
      return orderEvidence(points, metric);
    case "all-of":
      return null;
    default:
      return test satisfies never;
  }
}

const effectFor = (claim: Claim, effect: Effect | null): Verdict["effect"] =>
  effect && { metric: claim.metric, margin: claim.margin, ...effect };

/** How many replicates to add, at least one: the verdict is open, after all. */
function more(needed: number | null, have: number): number | null {
  return needed === null ? null : Math.max(1, needed - have);
}

function judgeTested(
  tested: readonly { readonly claim: Claim; readonly evidence: Evidence }[],
): TestedClaim[] {
  const adjusted = holm(
    tested.map(({ evidence: { support, contradict } }) =>
      Math.min(support, contradict)
    ),
  );
  return tested.map(({ claim, evidence }, index) => {
    const { p, multiplier } = adjusted[index] ?? { p: 1, multiplier: 1 };
    const { support, contradict, replicates } = evidence;
    const verdict: VerdictName = p > ALPHA
      ? "not-enough-evidence"
      : support < contradict
      ? "supported"
      : "contradicted";
    return {
      kind: "tested",
      claim,
      evidence,
      verdict,
      effect: effectFor(claim, evidence.effect),
      replicates,
      pAdjusted: p === 1 && replicates < 2 ? null : p,
      moreReplicates: verdict === "not-enough-evidence" && replicates >= 2
        ? more(evidence.needed(multiplier), replicates)
        : null,
    };
  });
}

/** Holds if all parts do, falls if one does; the part that decides speaks. */
function combine(claim: Claim, parts: readonly TestedClaim[]): CombinedClaim {
  const of = (name: VerdictName) =>
    parts.filter(({ verdict }) => verdict === name);
  const [fallen, open] = [of("contradicted"), of("not-enough-evidence")];
  const verdict: VerdictName = fallen.length > 0
    ? "contradicted"
    : open.length > 0
    ? "not-enough-evidence"
    : "supported";
  const deciding = fallen.length > 0 ? fallen : open.length > 0 ? open : parts;
  const byP = [...deciding].sort((a, b) =>
    (a.pAdjusted ?? 1) - (b.pAdjusted ?? 1)
  );
  // The strongest contradiction, or the weakest of those that all must hold.
  const speaker = fallen.length > 0 ? byP[0] : byP.at(-1);
  const needs = open.map(({ moreReplicates }) => moreReplicates)
    .filter((count) => count !== null);
  return {
    kind: "combined",
    claim,
    parts,
    verdict,
    effect: speaker?.effect ?? null,
    replicates: Math.min(...parts.map(({ replicates }) => replicates)),
    pAdjusted: speaker?.pAdjusted ?? null,
    moreReplicates: verdict === "not-enough-evidence" &&
        needs.length === open.length
      ? Math.max(...needs)
      : null,
  };
}

/**
 * Puts every claim that the points allow to the test, adjusts over all of them
 * by Holm's procedure, and gives the verdicts in the claims' order. The rate of
 * wrong verdicts over a study is at most `ALPHA`.
 */
export function judgeClaims(
  points: readonly PointData[],
  best: BestByMetric,
): JudgedClaim[] {
  const tested = judgeTested(
    claims.map((claim) => ({
      claim,
      evidence: evidenceFor(claim, points, best),
    })).filter((
      entry,
    ): entry is { claim: Claim; evidence: Evidence } =>
      entry.evidence !== null
    ),
  );
  const byId = new Map(tested.map((entry) => [entry.claim.id, entry]));
  return claims.flatMap((claim): JudgedClaim[] => {
    if (claim.test.kind !== "all-of") {
      const entry = byId.get(claim.id);
      return entry === undefined ? [] : [entry];
    }
    const parts = claim.test.of.map((id) => byId.get(id))
      .filter((part) => part !== undefined);
    return parts.length === claim.test.of.length ? [combine(claim, parts)] : [];
  });
}
