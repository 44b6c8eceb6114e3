import type {
  MetricName,
  SeedRemark,
  SwapFigures,
  VerdictName,
} from "../../coordinator/protocol/leaderboard.ts";
import type { BandName } from "../leaderboard/view_state.ts";

/** Words of the leaderboard page. */

const plural = (count: number, one: string, many: string) =>
  count === 1 ? one : many;

interface MetricWords {
  readonly name: string;
  /** For narrow columns. */
  readonly short: string;
  readonly note: string;
}

export const leaderboardEn = {
  title: (study: string) => `${study} · Leaderboard`,
  loading: "Fetching the leaderboard…",
  noStudy: "This coordinator has no study yet.",
  failed: "The leaderboard could not be fetched",
  study: "Study",
  activeStudy: (id: string) => `${id} (running now)`,
  recipe: (r: {
    dataset: string;
    layers: string;
    epochs: number;
    batch: number;
    rate: string;
    replicates: number;
  }) =>
    `${r.dataset}, hidden layers ${r.layers}, ${r.epochs} ${
      plural(r.epochs, "epoch", "epochs")
    }, batch ${r.batch}, SGD at ${r.rate}, ${r.replicates} ${
      plural(r.replicates, "replicate", "replicates")
    } a point`,
  summary: "In one paragraph",
  strip: {
    heading: "Progress",
    done: "Trials done",
    ofTotal: (total: string) => `of ${total}`,
    left: "To go",
    running: (count: string) => `${count} running`,
    quarantined: (count: string) => `${count} set aside`,
    comma: ", ",
    timeLeft: "Time left",
    finished: "Finished",
    unknown: "Not known yet",
    workers: "Workers online",
    rate: "Trials a minute",
    matrix: (done: string, running: string, total: string) =>
      `${done} of ${total} trials done, ${running} running`,
    matrixKey: {
      done: "done",
      running: "running",
      queued: "to go",
      quarantined: "set aside",
    },
  },
  invite: {
    heading: "Lend a device",
    here: "A browser tab trains trials for the study: no install, no account.",
    withPhone:
      "A browser tab trains trials for the study: no install, no account. Scan the code with a phone.",
    join: "Join with this device",
    qr: (link: string) => `QR code of ${link}`,
  },
  verdicts: {
    heading: "What the data say",
    none: "No claim is tested in this study.",
    names: {
      "supported": "Supported",
      "contradicted": "Contradicted",
      "not-enough-evidence": "Not enough evidence",
    } satisfies Record<VerdictName, string>,
    provisional: "Provisional",
    provisionalNote: "Not all planned replicates are in: this can change.",
    lead: (metric: string) => `Lead, ${metric.toLowerCase()}`,
    rise: (metric: string) => `Rise, ${metric.toLowerCase()}`,
    differenceIn: (metric: string) => `Difference, ${metric.toLowerCase()}`,
    interval: "95% interval",
    margin: "Margin that matters",
    replicates: "Replicates",
    adjustedP: "Adjusted p",
    noInterval: "no interval",
    details: "Evidence and numbers",
    comparisons: "What was compared",
    comparison: "Points",
    difference: "Difference",
    pDifference: "p, no difference",
    pEquivalence: "p, equivalence",
    mean: (points: string) => `mean of ${points}`,
    others: (count: string) => `and ${count} more`,
    less: "less",
    diverged: "diverged",
    plot: (estimate: string, interval: string, margin: string) =>
      `Effect ${estimate}, 95% interval ${interval}, margin ${margin}`,
    changed: (claim: string, verdict: string) => `${claim}: now ${verdict}`,
  },
  curves: {
    heading: "Learning curves",
    metric: "Metric by epoch",
    epoch: "Epoch",
    chosen: "Grid points shown",
    band: "Bands: one standard deviation over replicates, up and down",
    choose: "Choose points in the heatmap or the table.",
    noneYet: "No results for these points yet.",
    remove: (point: string) => `Hide ${point}`,
    asTable: "Curves as a table",
    chart: (metric: string, points: string) =>
      `${metric} by epoch for ${points}`,
    fromTo: (metric: string, first: string, last: string) =>
      `${metric} by epoch, from ${first} to ${last}`,
    title: (metric: string) => `${metric} by epoch`,
    waiting: "no result yet",
    bands: "Band",
    bandNames: {
      sd: "±1 SD",
      ci: "95% CI",
      none: "None",
    } satisfies Record<BandName, string>,
    interval: "Bands: 95% interval of the mean over replicates",
    axes: "Notebook axes",
    axesNote:
      "A plot a point, its three metrics on one axis from 0.3 to 0.9, as the notebook plots them. What lies outside is cut off, as in the notebook.",
    seedChart: (point: string) =>
      `Training loss, training accuracy and test accuracy by epoch for ${point}, on the notebook's axes`,
  },
  heatmap: {
    heading: "Every pair of rates",
    none: "This study has no grid points.",
    metric: "Metric",
    dropout1: "dropout1, after the first hidden layer",
    dropout2: "dropout2, after the second hidden layer",
    caption: (metric: string) => `${metric} by dropout1 and dropout2`,
    hint:
      "Choose a cell to show its curves; arrow keys move from cell to cell.",
    low: "low",
    high: "high",
    states: {
      running: "running",
      queued: "to go",
      failed: "diverged or set aside",
      none: "no such figure",
      absent: "not in the study",
    },
    cell: (point: string, value: string) => `${point}: ${value}`,
  },
  swaps: {
    heading: "Swapped pairs",
    note:
      "Each panel sets a pair of rates against the same rates the other way round. Thin lines are replicates: both ends of one began with the same weights and batches. The band around the left mean is the margin that matters.",
    metric: "Metric",
    chart: (metric: string, pairs: string) =>
      `${metric} of ${pairs} swapped pairs, means with 95% intervals and every replicate`,
    pair: "Pair",
    of: (lower: string, higher: string) => `${lower} and ${higher}`,
    lowerFirst: "Lower rate first",
    higherFirst: "Higher rate first",
    difference: "Difference",
    interval: "95% interval",
    pDifference: "Adjusted p, no difference",
    pEquivalence: "Adjusted p, equivalence",
    verdict: "Verdict",
    verdicts: {
      different: "Different",
      equivalent: "Equivalent",
      open: "Open",
    } satisfies Record<SwapFigures["verdict"], string>,
    diverged: "diverged",
    caption: (metric: string, margin: string) =>
      `Lower rate first less higher rate first, on ${metric.toLowerCase()}. Equivalent: shown to differ by less than ${margin}. p-values adjusted over the pairs (Holm).`,
    more: (count: string) =>
      `The ${count} pairs with smaller differences are in the JSON.`,
    none: "No two points of this study have each other's rates.",
    noneYet: "No pair has results on both sides yet.",
  },
  save: {
    label: (chart: string) => `Save the chart: ${chart}`,
    as: (format: string, chart: string) => `Save as ${format}: ${chart}`,
    source: (study: string, revision: string, points: string, runs: string) =>
      `Study ${study}, revision ${revision}: ${points} grid points, ${runs} trials. Made by dropout-swarm.`,
    failed: "The picture could not be made",
  },
  table: {
    heading: "Grid points",
    caption: (count: string, metric: string) =>
      `${count} grid points with the mean and 95% interval over replicates, sorted by ${metric}`,
    show: "Curve",
    showPoint: (point: string) => `Show the curve of ${point}`,
    replicates: "Replicates",
    replicatesNote: "Results accepted, of those planned",
    ofPlanned: (done: string, planned: string) => `${done} of ${planned}`,
    checks: "d2l checks",
    checksNote:
      "Results that pass d2l's three checks at the end: training loss below 0.5, both accuracies above 0.7",
    interval: (metric: string) => `${metric}, interval`,
    best: "Best?",
    bestNote: (metric: string) =>
      `Probability that the point is the best of all on: ${metric}`,
    isBest: (probability: string) => `best, ${probability}`,
    isBestNote: "The best of all points with a probability of 95% or more",
    byEpoch: "By epoch",
    noInterval: "no interval",
    noIntervalNote: "An interval needs two replicates",
    noFigure: "–",
    running: (count: string) => `${count} running`,
    diverged: (count: string) => `${count} diverged`,
    divergedNote: "The loss stopped being finite: this point fails to learn",
    quarantined: (count: string) => `${count} set aside`,
    quarantinedNote: "Set aside: too many workers failed at it or fell silent",
    sortBy: (column: string) => `Sort by ${column}`,
    held: "The order is held while you point at a row.",
    pages: "Pages of the table",
    page: (page: string, pages: string) => `Page ${page} of ${pages}`,
    previous: "Previous",
    next: "Next",
    epochNow: (epoch: string, of: string) => `epoch ${epoch} of ${of}`,
    lowerIsBetter: "lower is better",
    higherIsBetter: "higher is better",
  },
  remarks: {
    heading: "The notebook's remarks, checked",
    note:
      "The student's notebook that the study starts from reports one run a point. Here is each of its remarks beside the measured figures.",
    says: "The notebook says",
    measured: "What we measure",
    agreement: "Agreement",
    all: (count: string) =>
      count === "1" ? "The 1 remark" : `All ${count} remarks`,
    count: (name: string, count: string) => `${name}: ${count}`,
    names: {
      agrees: "Agrees",
      disagrees: "Disagrees",
      open: "Open",
    } satisfies Record<SeedRemark["agreement"], string>,
  },
  exports: {
    heading: "Take the data with you",
    csv: "CSV",
    json: "JSON",
    report: "Report (HTML, works offline)",
    api: "API reference",
  },
  metrics: {
    trainLoss: {
      name: "Final training loss",
      short: "Training loss",
      note: "Last epoch, dropout on, as d2l measures it",
    },
    trainAccuracy: {
      name: "Final training accuracy",
      short: "Training accuracy",
      note: "Last epoch, dropout on, as d2l measures it",
    },
    testAccuracy: {
      name: "Test accuracy",
      short: "Test accuracy",
      note: "After the last epoch, dropout off",
    },
    testLoss: {
      name: "Test loss",
      short: "Test loss",
      note: "After the last epoch, dropout off",
    },
    generalisationGap: {
      name: "Generalisation gap",
      short: "Gap",
      note: "Test loss minus training loss, both with dropout off",
    },
    trainLossDropoutOff: {
      name: "Training loss, dropout off",
      short: "Training loss, off",
      note: "After the last epoch, over the whole training set",
    },
    lossArea: {
      name: "Area under the loss curve",
      short: "Loss area",
      note: "Mean training loss over the epochs: lower descends faster",
    },
    epochsToHalf: {
      name: "Epochs to a loss of 0.5",
      short: "Epochs to 0.5",
      note: "First epoch with a training loss of at most 0.5",
    },
    testAccuracyFluctuation: {
      name: "Fluctuation of test accuracy",
      short: "Fluctuation",
      note: "Spread of its changes from epoch to epoch over the last half",
    },
  } satisfies Record<MetricName, MetricWords>,
};

export type LeaderboardWords = typeof leaderboardEn;
