import type { Verdict, VerdictName } from "../../../protocol/leaderboard.ts";
import { axesOf } from "../../../protocol/grid_point.ts";
import { metrics, type RankedMetric } from "../../../protocol/metrics.ts";
import { ALPHA, holm } from "../statistics/statistics.ts";
import type { PointData } from "../study_data.ts";
import type {
  Claim,
  ClaimKind,
  CombinedClaim,
  Effect,
  Evidence,
  JudgedClaim,
  TestedClaim,
} from "./claim.ts";
import { claims } from "./registry.ts";

/** The probabilities of being best, per point in the data's order. */
export type BestByMetric = Readonly<
  Record<RankedMetric, readonly (number | null)[]>
>;

const effectFor = (
  { metric }: Claim,
  effect: Effect | null,
): Verdict["effect"] =>
  effect && { metric, margin: metrics[metric].margin, ...effect };

interface ClaimWithEvidence {
  readonly claim: Claim;
  readonly claimKind: ClaimKind;
  readonly evidence: Evidence;
}

/** Replicates to add: at least one, because the verdict is open. */
function more(needed: number | null, have: number): number | null {
  return needed === null ? null : Math.max(1, needed - have);
}

function judgeTested(tested: readonly ClaimWithEvidence[]): TestedClaim[] {
  const adjusted = holm(
    tested.map(({ evidence: { support, contradict } }) =>
      Math.min(support, contradict)
    ),
  );
  return tested.map(({ claim, claimKind, evidence }, index) => {
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
      claimKind,
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

/** Supported if all parts are, contradicted if one is. */
function combine(
  claim: Claim,
  claimKind: ClaimKind,
  parts: readonly TestedClaim[],
): CombinedClaim {
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
  // Its figures are shown: the strongest contradiction, or the weakest support.
  const decisive = fallen.length > 0 ? byP[0] : byP.at(-1);
  const needs = open.map(({ moreReplicates }) => moreReplicates)
    .filter((count) => count !== null);
  return {
    kind: "combined",
    claim,
    claimKind,
    parts,
    verdict,
    effect: decisive?.effect ?? null,
    replicates: Math.min(...parts.map(({ replicates }) => replicates)),
    pAdjusted: decisive?.pAdjusted ?? null,
    moreReplicates: verdict === "not-enough-evidence" &&
        needs.length === open.length
      ? Math.max(...needs)
      : null,
  };
}

/**
 * Tests every claim that the points allow, adjusts over all of them by Holm's
 * procedure, and returns the verdicts in the claims' order. A study has any wrong
 * verdict with a probability of at most `ALPHA`.
 */
export function judgeClaims(
  points: readonly PointData[],
  best: BestByMetric,
): JudgedClaim[] {
  const axes = axesOf(points.map(({ params }) => params));
  const asked = claims.filter(([, kind]) => kind.appliesTo(axes));
  const tested = judgeTested(asked.flatMap(([claim, claimKind]) => {
    if (claim.allOf !== null) return [];
    const { metric } = claim;
    const evidence = claimKind.evidence(points, metric, best[metric]);
    return evidence === null ? [] : [{ claim, claimKind, evidence }];
  }));
  const byId = new Map(tested.map((entry) => [entry.claim.id, entry]));
  return asked.flatMap(([claim, claimKind]): JudgedClaim[] => {
    const parts = (claim.allOf ?? [claim.id]).flatMap((id) =>
      byId.get(id) ?? []
    );
    if (claim.allOf === null) return parts;
    return parts.length === claim.allOf.length
      ? [combine(claim, claimKind, parts)]
      : [];
  });
}
