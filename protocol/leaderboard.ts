import * as z from "zod";
import { type Infer, StudyId } from "./ids.ts";
import { MetricName, RankedMetric } from "./metrics.ts";
import { recipeFieldNames } from "./recipe.ts";
import { Params, Recipe, StudyDefinition, Text } from "./study.ts";
import { UserText } from "./text.ts";

export { MetricName };

/** Mean over replicates. Fields are null where `n` is too small for them. */
export type Estimate = Infer<typeof Estimate>;

/** @internal */
export const Estimate = z.strictObject({
  n: z.int().min(0),
  /** Null for n = 0. */
  mean: z.number().nullable(),
  /** Sample standard deviation (n - 1); null for n < 2. */
  sd: z.number().nullable(),
  /** Ends of the 95% t interval; null for n < 2: no interval. */
  low: z.number().nullable(),
  high: z.number().nullable(),
});

const Probability = z.number().min(0).max(1);

/** Figures by epoch; index 0 is epoch 1. */
export type Curves = Infer<typeof Curves>;

/** @internal */
export const Curves = z.strictObject({
  trainLoss: z.array(z.number()),
  trainAccuracy: z.array(z.number()),
  testAccuracy: z.array(z.number()),
});

/** One grid point of the leaderboard. */
export type LeaderboardRow = Infer<typeof LeaderboardRow>;

/** @internal */
export const LeaderboardRow = z.strictObject({
  params: Params,
  replicatesPlanned: z.int().min(0),
  /** With an accepted result, diverged ones included. */
  replicatesDone: z.int().min(0),
  /** Lent to a worker, or back from one and being verified. */
  replicatesRunning: z.int().min(0),
  replicatesQuarantined: z.int().min(0),
  /** Of the done, those whose loss stopped being finite. */
  diverged: z.int().min(0),
  /** Of the done, those that pass all three of d2l's checks. */
  checksPassed: z.int().min(0),
  /** Over the replicates that trained to the end. */
  metrics: z.record(MetricName, Estimate),
  /** Mean over replicates by epoch, for the curves; index 0 is epoch 1. */
  curves: Curves,
  /** Standard deviations of the same, for a band; empty under 2 replicates. */
  curveSds: Curves,
  /**
   * The same metrics by replicate; null for one that has no figure, or that
   * diverged. Only in studies with one axis, and not too many trials to draw.
   */
  byReplicate: z.record(MetricName, z.array(z.number().nullable())).optional(),
  /**
   * The probability that this point has the best mean of all points, per
   * metric: lowest loss, highest accuracy. Null for a point with fewer than 2
   * trained replicates, and where no second point has them; 0 for one that
   * diverged.
   */
  probabilityBest: z.record(RankedMetric, Probability.nullable()),
});

/** What the data say of a claim. */
export type VerdictName = Infer<typeof VerdictName>;

/** @internal */
export const VerdictName = z.enum([
  "supported",
  "contradicted",
  "not-enough-evidence",
]);

/** Two points, or groups of points, set against each other. */
export type Comparison = Infer<typeof Comparison>;

/** @internal */
export const Comparison = z.strictObject({
  metric: MetricName,
  /** The mean over these points, */
  first: z.array(Params).min(1),
  /** less the mean over these, replicate by replicate. */
  second: z.array(Params).min(1),
  /** `n` counts the replicates that both sides have. */
  difference: Estimate,
  /** Two-sided, of no difference; not adjusted. Null where untestable. */
  pDifference: Probability.nullable(),
  /** Of a difference as large as the margin (TOST); not adjusted. */
  pEquivalence: Probability.nullable(),
  /** The side on which a replicate diverged; its difference has no number. */
  diverged: z.enum(["first", "second", "both"]).nullable(),
});

/** What the data say of two points with swapped rates, by one metric. */
export type SwapFigures = Infer<typeof SwapFigures>;

/** @internal */
export const SwapFigures = z.strictObject({
  /**
   * By replicate, with the lower rate first and with the higher rate first;
   * null for one that has no figure, or that diverged.
   */
  replicates: z.array(z.tuple([z.number().nullable(), z.number().nullable()])),
  /** The lower rate first less the higher rate first, paired. */
  difference: Estimate,
  /** Two-sided, of no difference; Holm over the pairs. Null: untestable. */
  pDifference: Probability.nullable(),
  /** Of a difference as large as the margin (TOST); Holm over the pairs. */
  pEquivalence: Probability.nullable(),
  /** The smallest difference that matters. */
  margin: z.number(),
  /** Equivalent before different: a difference may be too small to matter. */
  verdict: z.enum(["different", "equivalent", "open"]),
  /** The order in which a replicate diverged. */
  diverged: z.enum(["lowerFirst", "higherFirst", "both"]).nullable(),
});

/** Two grid points with each other's rates. */
export type Swap = Infer<typeof Swap>;

/** @internal */
export const Swap = z.strictObject({
  /** The lower rate nearer the input. */
  lowerFirst: Params,
  higherFirst: Params,
  metrics: z.record(RankedMetric, SwapFigures),
});

/** A claim and what the data say of it. */
export type Verdict = Infer<typeof Verdict>;

/** @internal */
export const Verdict = z.strictObject({
  claimId: z.string(),
  /** The claim, as a sentence. */
  claim: Text,
  verdict: VerdictName,
  /** True until every planned trial of the study is in or quarantined. */
  provisional: z.boolean(),
  headline: Text,
  evidence: Text,
  caution: Text,
  /**
   * Size of the effect in the metric's unit, with its 95% interval, not
   * adjusted; null ends under 2 replicates. Positive where it speaks for the
   * claim; for a swap, the lower rate first less the higher rate first.
   */
  effect: z.strictObject({
    metric: MetricName,
    estimate: z.number(),
    low: z.number().nullable(),
    high: z.number().nullable(),
    /** The smallest difference that matters. */
    margin: z.number(),
  }).nullable(),
  /** Replicates behind it: the smallest number over what it compares. */
  replicates: z.int().min(0),
  /** Adjusted over the claims (Holm); null where nothing was tested. */
  pAdjusted: Probability.nullable(),
  /** What was compared, the most telling first; at most 64 of them. */
  comparisons: z.array(Comparison),
  /**
   * Replicates a point on top of the present ones that would probably settle
   * an open verdict (power 80% if the effect is as measured); null where the
   * verdict is not open, or no practicable number would do.
   */
  moreReplicates: z.int().min(1).nullable(),
  /** Other numbers that the words quote, by name. */
  facts: z.record(z.string(), z.number()),
});

/** A remark of the seed, a lesson with one run a point, beside our figures. */
export type SeedRemark = Infer<typeof SeedRemark>;

/** @internal */
export const SeedRemark = z.strictObject({
  /** Such as `loss-0.5-0.8`. */
  id: z.string(),
  params: Params,
  /** What it is compared with; null for a number of its own. */
  against: Params.nullable(),
  metric: MetricName,
  /** What the seed says, in short. */
  says: Text,
  /** The number that it reports, if it does. */
  reported: z.number().nullable(),
  /**
   * Of the point, or of the difference from `against`; for a check, of the
   * share of replicates that fail it.
   */
  measured: Estimate,
  /**
   * Where one more run would fall with 95% probability, widened by the
   * rounding of `reported`; null for remarks without a number.
   */
  expected: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  agreement: z.enum(["agrees", "disagrees", "open"]),
  /** The numbers side by side, as a sentence. */
  words: Text,
});

/** How far a study is: its planned trials by state, and its pace. */
export type Progress = Infer<typeof Progress>;

/** @internal */
export const Progress = z.strictObject({
  total: z.int().min(0),
  completed: z.int().min(0),
  /** Lent to a worker, or back from one and being verified. */
  leased: z.int().min(0),
  queued: z.int().min(0),
  quarantined: z.int().min(0),
  complete: z.boolean(),
  workersOnline: z.int().min(0),
  /** Over the last minutes; null before the first trial is in. */
  trialsPerMinute: z.number().nullable(),
  secondsLeft: z.number().nullable(),
});

/** A study's grid points with their figures, and the verdicts. */
export type Leaderboard = Infer<typeof Leaderboard>;

/** @internal */
export const Leaderboard = z.strictObject({
  study: z.strictObject({
    id: StudyId,
    title: UserText,
    dataset: z.string(),
    replicates: z.int(),
    seed: z.int(),
    recipe: Recipe,
    /** The recipe fields that the grid points vary, in the table's order. */
    axes: z.array(z.enum(recipeFieldNames)),
  }),
  progress: Progress,
  /** Sorted by final training loss, points without a result last. */
  rows: z.array(LeaderboardRow),
  verdicts: z.array(Verdict),
  /**
   * Pairs of points with swapped rates, the largest difference in final
   * training loss first; at most 64 of them.
   */
  swaps: z.array(Swap),
  /** Empty where the study's recipe is not the seed's. */
  remarks: z.array(SeedRemark),
  /** A paragraph fit to paste into a report. */
  summary: Text,
  /** Grows with every change of what is shown. */
  revision: z.int().min(0),
});

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
