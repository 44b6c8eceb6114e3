import * as z from "zod";
import { type Infer, StudyId } from "./ids.ts";
import { MetricName, RankedMetric } from "./metrics.ts";
import { recipeFieldNames } from "./recipe.ts";
import { Params, Recipe, StudyDefinition, Text } from "./study.ts";
import { untrustedText, UserText } from "./text.ts";

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
  /** Ends of the 95% t interval; null for n < 2. */
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
  /** Leased to a worker, or delivered and being verified. */
  replicatesRunning: z.int().min(0),
  replicatesQuarantined: z.int().min(0),
  /** Done replicates whose loss stopped being finite. */
  diverged: z.int().min(0),
  /** Done replicates that pass all three of d2l's checks. */
  checksPassed: z.int().min(0),
  /** Over the replicates that trained to the end. */
  metrics: z.record(MetricName, Estimate),
  /** Mean over replicates by epoch, for the curves; index 0 is epoch 1. */
  curves: Curves,
  /** Standard deviations, for a band; empty with fewer than 2 replicates. */
  curveSds: Curves,
  /**
   * The metrics by replicate; null for one without a figure or that diverged.
   * Only in studies with one axis and few enough trials to draw.
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

/** What the data say about a claim. */
export type VerdictName = Infer<typeof VerdictName>;

/** @internal */
export const VerdictName = z.enum([
  "supported",
  "contradicted",
  "not-enough-evidence",
]);

/** A comparison of two points, or of two groups of points. */
export type Comparison = Infer<typeof Comparison>;

/** @internal */
export const Comparison = z.strictObject({
  metric: MetricName,
  /** The mean over these points is compared. */
  first: z.array(Params).min(1),
  /** The mean over these is subtracted, replicate by replicate. */
  second: z.array(Params).min(1),
  /** `n` counts the replicates that both sides have. */
  difference: Estimate,
  /** Two-sided p-value for no difference; not adjusted. Null: not testable. */
  pDifference: Probability.nullable(),
  /** For a difference of at least the margin (TOST); not adjusted. */
  pEquivalence: Probability.nullable(),
  /** The side with a diverged replicate; the difference then has no mean. */
  diverged: z.enum(["first", "second", "both"]).nullable(),
});

/** What the data say about two points with swapped rates, by one metric. */
export type SwapFigures = Infer<typeof SwapFigures>;

/** @internal */
export const SwapFigures = z.strictObject({
  /**
   * By replicate: the figure with the lower rate first, then with the higher
   * rate first; null without a figure, or if it diverged.
   */
  replicates: z.array(z.tuple([z.number().nullable(), z.number().nullable()])),
  /** Lower rate first minus higher rate first, paired by replicate. */
  difference: Estimate,
  /** Two-sided, for no difference; Holm over the pairs. Null: not testable. */
  pDifference: Probability.nullable(),
  /** For a difference of at least the margin (TOST); Holm over the pairs. */
  pEquivalence: Probability.nullable(),
  /** The smallest difference that matters. */
  margin: z.number(),
  /** `equivalent` wins over `different`: a difference may not matter. */
  verdict: z.enum(["different", "equivalent", "open"]),
  /** The order of rates with a diverged replicate. */
  diverged: z.enum(["lowerFirst", "higherFirst", "both"]).nullable(),
});

/** Two grid points with swapped rates. */
export type Swap = Infer<typeof Swap>;

/** @internal */
export const Swap = z.strictObject({
  /** The point with the lower rate nearer the input. */
  lowerFirst: Params,
  higherFirst: Params,
  metrics: z.record(RankedMetric, SwapFigures),
});

/** A claim and what the data say about it. */
export type Verdict = Infer<typeof Verdict>;

/** @internal */
export const Verdict = z.strictObject({
  claimId: untrustedText(),
  /** The claim, as a sentence. */
  claim: Text,
  verdict: VerdictName,
  /** True until each planned trial is completed or quarantined. */
  provisional: z.boolean(),
  headline: Text,
  evidence: Text,
  caution: Text,
  /**
   * Size of the effect in the metric's unit with its 95% interval, not adjusted;
   * the ends are null with fewer than 2 replicates. A positive one supports the
   * claim; for a swap it is lower rate first minus higher rate first.
   */
  effect: z.strictObject({
    metric: MetricName,
    estimate: z.number(),
    low: z.number().nullable(),
    high: z.number().nullable(),
    /** The smallest difference that matters. */
    margin: z.number(),
  }).nullable(),
  /** Replicates that count: the smallest number among what is compared. */
  replicates: z.int().min(0),
  /** The p-value, adjusted over the claims (Holm). Null: not tested. */
  pAdjusted: Probability.nullable(),
  /** The comparisons, the most informative first; at most 64. */
  comparisons: z.array(Comparison),
  /**
   * Additional replicates per point that would probably settle an open verdict
   * (power 80% if the effect is as measured). Null: the verdict is not open, or
   * no practicable number is enough.
   */
  moreReplicates: z.int().min(1).nullable(),
  /** Other numbers that the words quote, by name. */
  facts: z.record(untrustedText(), z.number()),
});

/** A remark of the seed, a lesson with one run per point, and our figures. */
export type SeedRemark = Infer<typeof SeedRemark>;

/** @internal */
export const SeedRemark = z.strictObject({
  /** Such as `loss-0.5-0.8`. */
  id: untrustedText(),
  params: Params,
  /** The point it is compared with; null: the remark is about one point. */
  against: Params.nullable(),
  metric: MetricName,
  /** What the seed says, in short. */
  says: Text,
  /** The number that the seed reports; null: none. */
  reported: z.number().nullable(),
  /**
   * Estimate for the point, or for the difference from `against`; for a check,
   * the share of replicates that fail it.
   */
  measured: Estimate,
  /**
   * 95% prediction interval of one more run, widened by the rounding of
   * `reported`; null for remarks without a number.
   */
  expected: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  agreement: z.enum(["agrees", "disagrees", "open"]),
  /** The numbers side by side, as a sentence. */
  words: Text,
});

/** Why nobody can go on with a study. */
export type Standstill = Infer<typeof Standstill>;

/** @internal */
export const Standstill = z.enum([
  /** The coordinator leases another study, or none. */
  "not-active",
  /** No worker called lately. */
  "no-workers",
  /** Each worker here failed too often on each trial that is left. */
  "all-failed",
]);

/** A study's progress: its planned trials by state, and its pace. */
export type Progress = Infer<typeof Progress>;

/** @internal */
export const Progress = z.strictObject({
  total: z.int().min(0),
  completed: z.int().min(0),
  /** Leased to a worker, or delivered and being verified. */
  leased: z.int().min(0),
  queued: z.int().min(0),
  quarantined: z.int().min(0),
  complete: z.boolean(),
  /** Why no trial goes on now; null: one does, or all are done. */
  standstill: Standstill.nullable().default(null),
  workersOnline: z.int().min(0),
  /** Over the last minutes; null before the first trial is completed. */
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
    dataset: untrustedText(),
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
  /** Empty if the study's recipe is not the seed's. */
  remarks: z.array(SeedRemark),
  /** A paragraph fit to paste into a report. */
  summary: Text,
  /** Grows with every change of what is shown. */
  revision: z.int().min(0),
});

/** How a report's figures were made. */
export type ReportOrigin = Infer<typeof ReportOrigin>;

/** @internal */
export const ReportOrigin = z.strictObject({
  /** When the report was made, in ISO 8601. */
  madeAt: z.iso.datetime(),
  /** Versions of dropout-swarm and of Deno that made the report. */
  version: untrustedText(),
  deno: untrustedText(),
  protocolVersion: z.int(),
  /** Commands that run the study again and make its report. */
  commands: z.array(untrustedText()),
  /** Null: only the leaderboard was available. */
  definition: StudyDefinition.nullable(),
  /** Backends that trained the accepted results; empty: unknown. */
  backends: z.array(z.strictObject({
    backend: untrustedText(),
    trials: z.int().min(1),
    seconds: z.number(),
  })),
});

/** All data of a report's file, which fetches nothing. */
export type Report = Infer<typeof Report>;

/** @internal */
export const Report = z.strictObject({
  leaderboard: Leaderboard,
  origin: ReportOrigin,
});
