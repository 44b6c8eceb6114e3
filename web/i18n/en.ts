import type {
  SeedRemark,
  SwapFigures,
  VerdictName,
} from "../../protocol/leaderboard.ts";
import { byMetric } from "../../protocol/metrics.ts";
import type { AttemptState, TrialState } from "../../protocol/views.ts";
import type {
  SessionFailure,
  TrainerFailure,
  UnusedReason,
  WaitingReason,
} from "../../worker/main_browser.ts";
import type { LossReason } from "../pages/join/progress_model.ts";
import type { Spread } from "../components/charts/scale.ts";
import type { BandName } from "../pages/leaderboard/view_state.ts";

/**
 * All texts of the pages in English, grouped by page. The other catalogues have
 * its type. A page's bundle contains only the groups that the page uses.
 */

const plural = (count: number, one: string, many: string) =>
  count === 1 ? one : many;

/** A formatted number with its noun. */
const counted = (count: string, one: string, many: string) =>
  `${count} ${count === "1" ? one : many}`;

/** Properties of the language. */
export const language = {
  /** Its name in the language itself. */
  name: "English",
  /** For `lang` and `Intl`. */
  tag: "en",
  /** How a duration is written. */
  duration: {
    units: { day: "d", hour: "h", minute: "min", second: "s" },
    /** Between a number and its unit. */
    gap: "\u00a0",
    /** Between two units. */
    space: " ",
  },
};

/** Words on every page. */
export const common = {
  product: "dropout-swarm",
  skipToContent: "Skip to content",
  pages: "Pages",
  leaderboard: "Leaderboard",
  lesson: "Lesson",
  workers: "Workers",
  join: "Join",
  api: "API",
  language: "Language",
  licence: "MIT licence",
  reload: "Reload the page",
  retry: "Try again",
  copy: "Copy",
  copied: "Copied",
  pager: {
    page: (page: string, pages: string) => `Page ${page} of ${pages}`,
    previous: "Previous",
    next: "Next",
  },
  connection: {
    connecting: "Connecting…",
    live: "Live",
    polling: "Updating every few seconds",
    offline: "No connection",
  },
  offlineNotice:
    "The coordinator does not answer. This page shows the last state that it received and keeps trying.",
  outdatedNotice:
    "The coordinator uses a newer version of the protocol than this page. Reload the page to continue.",
};

/** For browsers without JavaScript. */
export const noScript = {
  page: "This page needs JavaScript. The same figures are available as an API:",
  report:
    "This report needs JavaScript. Its data are stored in this file as JSON.",
};

type Clauses = Readonly<Record<VerdictName, (on: string) => string>>;

const by = (on: string) => on === "" ? "" : `, judged by ${on}`;

/**
 * A study's answers: what is settled about each topic and what is open. `on`
 * names the metrics with this verdict; it is empty if all have it.
 */
export const answers = {
  heading: "The answer",
  none: "No trial has finished yet. The answer will appear here.",
  provisional: "Provisional until every trial has finished:",
  settled: "Settled:",
  open: "Open:",
  /** Between the parts of a sentence, and at its end. */
  then: "; ",
  stop: ".",
  /** Metrics of the claims that the answers summarize. */
  metrics: {
    trainLoss: "training loss",
    trainLossDropoutOff: "training loss with dropout off",
    testLoss: "test loss",
    testAccuracy: "test accuracy",
  },
  topics: {
    high: {
      "supported": () => "Rates that are too high keep the training loss high",
      "contradicted": () =>
        "High rates do not keep the training loss high: it falls as they rise",
      "not-enough-evidence": () =>
        "It is open whether high rates keep the training loss high",
    } satisfies Clauses as Clauses,
    lowest: {
      "supported": (on) => `The lowest rates train best${by(on)}`,
      "contradicted": (on) => `The lowest rates do not train best${by(on)}`,
      "not-enough-evidence": () =>
        "It is open whether the lowest rates train best",
    } satisfies Clauses as Clauses,
    swap: {
      "supported": (on) =>
        `Swapping the two rates makes no difference that matters to ${on}`,
      "contradicted": (on) =>
        `The order of the two rates matters: swapping them changes ${on}`,
      "not-enough-evidence": () =>
        "It is open whether swapping the two rates changes anything",
    } satisfies Clauses as Clauses,
    order: {
      "supported": (on) => `The lower rate belongs nearer the input${by(on)}`,
      "contradicted": (on) =>
        `The higher rate belongs nearer the input${by(on)}`,
      "not-enough-evidence": () =>
        "It is open which of the two rates belongs nearer the input",
    } satisfies Clauses as Clauses,
  },
  /** The verdicts of the other metrics. */
  others: {
    "supported": (on) => `judged by ${on}, this holds`,
    "contradicted": (on) => `judged by ${on}, this does not hold`,
    "not-enough-evidence": (on) => `judged by ${on}, this is open`,
  } satisfies Clauses as Clauses,
  /** The metrics that swapping does not change. */
  unchanged: (on: string) => `it makes no difference that matters to ${on}`,
};

/** The leaderboard. Other pages show its parts, too. */
export const leaderboard = {
  title: (study: string) => `${study} · Leaderboard`,
  loading: "Fetching the leaderboard…",
  noStudy: "This coordinator has no study yet.",
  failed: "The leaderboard could not be fetched",
  study: "Study",
  activeStudy: (id: string) => `${id} (running now)`,
  recipe: (dataset: string, fields: string, replicates: string) =>
    `${dataset}, ${fields}, ${replicates} ${
      replicates === "1" ? "replicate" : "replicates"
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
    workers: "Workers online",
    rate: "Trials per minute",
    matrix: (done: string, running: string, total: string) =>
      `${done} of ${total} trials done, ${running} running`,
    matrixKey: {
      done: "done",
      running: "running",
      queued: "to go",
      quarantined: "set aside",
    },
    standstill: {
      "not-active":
        "Nobody trains this study now: the coordinator leases another study, or none.",
      "no-workers":
        "Nobody is training now: no worker is here. The study goes on as soon as one joins.",
      "all-failed":
        "Nobody here can go on: each worker failed too often on each trial that is left. The study needs another machine.",
    },
  },
  invite: {
    heading: "Take part with a device",
    here:
      "A browser tab can train trials for the study, without installation or account.",
    withPhone:
      "A browser tab can train trials for the study, without installation or account. To use a phone, scan the code.",
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
    provisionalNote:
      "Some planned replicates are still missing, so this can change.",
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
    less: "minus",
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
    band:
      "Bands: one standard deviation over replicates above and below the mean",
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
      "One plot for each point, with its three metrics on one axis from 0.3 to 0.9, as in the notebook. Values outside this range are cut off, as in the notebook.",
    seedChart: (point: string) =>
      `Training loss, training accuracy and test accuracy by epoch for ${point}, on the notebook's axes`,
  },
  heatmap: {
    heading: "Every pair of rates",
    none: "This study has no grid points.",
    metric: "Metric",
    every: "Every grid point",
    down: "Rows",
    across: "Columns",
    held:
      "Each cell is one grid point. The heatmap shows the points with the values chosen here; nothing is averaged, and every choice has the same colour scale.",
    caption: (metric: string, down: string, across: string) =>
      `${metric} by ${down} and ${across}`,
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
  axisChart: {
    heading: (axis: string) => `By ${axis}`,
    title: (metric: string, axis: string) => `${metric} by ${axis}`,
    chart: (title: string, count: string) =>
      `${title}: mean, 95% interval and replicates at ${count} values`,
    between: (low: string, high: string) => `95% interval ${low} to ${high}`,
    replicates: (count: string) => counted(count, "replicate", "replicates"),
    key:
      "Large dots are means, bars 95% intervals of the mean, small dots replicates.",
    spread: {
      logarithmic: "The values stand on a logarithmic scale.",
      even: "The values are evenly spaced, not to scale.",
    } satisfies Record<Exclude<Spread, "linear">, string>,
    choose: "Choose a value to show its curve; arrow keys move among them.",
    comma: ", ",
    withUnit: (axis: string, unit: string) => `${axis} (${unit})`,
    asTable: "Chart as a table",
    mean: "Mean",
    interval: "95% interval",
    count: "Replicates",
    each: "Each replicate",
  },
  swaps: {
    heading: "Swapped pairs",
    note:
      "Each panel compares a pair of rates with the same two rates swapped. Each thin line is a replicate: both of its ends started from the same weights and used the same batches. The band around the left mean is the margin that matters.",
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
      `Lower rate first minus higher rate first, on ${metric.toLowerCase()}. Equivalent means that the difference is shown to be smaller than ${margin}. The p-values are adjusted for the number of pairs (Holm).`,
    more: (count: string) =>
      `The ${count} pairs with smaller differences are in the JSON.`,
    none: "This study has no two points with swapped rates.",
    noneYet: "No pair has results on both sides yet.",
  },
  save: {
    label: (chart: string) => `Save the chart: ${chart}`,
    as: (format: string, chart: string) => `Save as ${format}: ${chart}`,
    source: (study: string, revision: string, points: string, runs: string) =>
      `Study ${study}, revision ${revision}: ${
        counted(points, "grid point", "grid points")
      }, ${counted(runs, "trial", "trials")}. Made by dropout-swarm.`,
    failed: "The picture could not be made",
  },
  table: {
    heading: "Grid points",
    caption: (count: string, metric: string) =>
      `${count} grid points with the mean and 95% interval over replicates, sorted by ${metric}`,
    show: "Curve",
    showPoint: (point: string) => `Show the curve of ${point}`,
    replicates: "Replicates",
    replicatesNote: "Accepted results, out of those planned",
    ofPlanned: (done: string, planned: string) => `${done} of ${planned}`,
    checks: "d2l checks",
    checksNote:
      "Results that pass d2l's three checks at the end of training: training loss below 0.5, both accuracies above 0.7",
    interval: (metric: string) => `${metric}, interval`,
    best: "Best?",
    bestNote: (metric: string) =>
      `Probability that the point is the best of all on: ${metric}`,
    isBest: (probability: string) => `best, ${probability}`,
    isBestNote:
      "This point is the best of all with a probability of 95% or more",
    byEpoch: "By epoch",
    noInterval: "no interval",
    noIntervalNote: "An interval needs two replicates",
    noFigure: "–",
    running: (count: string) => `${count} running`,
    diverged: (count: string) => `${count} diverged`,
    divergedNote:
      "The loss became infinite or not a number: the network fails to learn at this point",
    quarantined: (count: string) => `${count} set aside`,
    quarantinedNote:
      "Set aside because too many workers failed at it or stopped answering",
    sortBy: (column: string) => `Sort by ${column}`,
    held: "The order stays fixed while you point at a row.",
    pages: "Pages of the table",
    epochNow: (epoch: string, of: string) => `epoch ${epoch} of ${of}`,
    lowerIsBetter: "lower is better",
    higherIsBetter: "higher is better",
  },
  remarks: {
    heading: "The notebook's remarks, checked",
    note:
      "This study starts from a student's notebook, which reports one run for each point. The table compares each of its remarks with the measured figures.",
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
    heading: "Download the data",
    csv: "CSV",
    json: "JSON",
    report: "Report (HTML, works offline)",
    api: "API reference",
  },
  metrics: /* @__PURE__ */ byMetric((_, { label, short, note }) => ({
    name: label.en,
    short: short.en,
    note: note.en,
  })),
};

/** The join page. */
export const join = {
  title: "Join · dropout-swarm",
  heading: "Lend this device to the study",
  lead:
    "This page turns a browser tab into a worker. It trains a small neural network many times with different settings and reports how well each one learned.",
  study: (title: string) => `The study: ${title}`,
  noStudy: "The coordinator runs no study at the moment.",
  consent: {
    heading: "Before you start",
    does: "What it does",
    doesText: (threads: number, cores: string) =>
      `It trains on ${threads} of this device's ${cores} cores until you pause, stop or close the tab. The device gets warmer and uses more power meanwhile.`,
    doesTextUnknown: (threads: number) =>
      `It trains on ${threads} ${
        plural(threads, "thread", "threads")
      } until you pause, stop or close the tab. The device gets warmer and uses more power meanwhile.`,
    downloads: "What it downloads",
    downloadsText: (data: string) =>
      `It downloads the training images (${data}) once and keeps them in this browser for the next visit. It also downloads about 0.5 MB of program code.`,
    downloadsUnknown:
      "It downloads the training images once and keeps them in this browser for the next visit. It also downloads about 0.5 MB of program code.",
    leaves: "What leaves the device",
    leavesText: (weights: string) =>
      `For each trial, the device sends the figures (losses, accuracies, seconds) and the trained network (${weights}), which the coordinator uses to check the figures. It also sends the backend and its speed, the names of your browser and operating system, and your nickname if you give one. It sends nothing else: no files, no location, no cookies.`,
    leavesTextUnknown:
      "For each trial, the device sends the figures (losses, accuracies, seconds) and the trained network, which the coordinator uses to check the figures. It also sends the backend and its speed, the names of your browser and operating system, and your nickname if you give one. It sends nothing else: no files, no location, no cookies.",
    stays: "Leaving",
    staysText:
      "You can close the tab at any time. Other devices then take over the trials that this one was training.",
  },
  saveData: (data: string) =>
    `Your browser asks sites to save data. Start still downloads ${data}.`,
  saveDataUnknown:
    "Your browser asks sites to save data. Start still downloads the training images.",
  start: "Start",
  again: "Start again",
  pause: "Pause",
  resume: "Resume",
  stop: "Stop",
  retry: "Try again",
  settings: {
    heading: "Settings",
    threads: "Threads",
    threadsNote: (cores: string) =>
      `Each thread trains one trial. This device has ${cores} cores; leave one of them for your own work.`,
    threadsNoteUnknown: "Each thread trains one trial.",
    fewer: "Fewer threads",
    more: "More threads",
    backend: "Backend",
    backendNote:
      "Automatic measures the backends on this device and uses the fastest one.",
    auto: "Automatic",
    name: "Nickname",
    namePlaceholder: "chosen for you",
    nameNote: "Shown in the public list of workers. Optional.",
    keepAwake: "Keep the screen on while training",
    keepAwakeAbsent: "This browser does not let a page keep the screen on.",
    spareBattery: "Pause when the battery is below 20%",
    locked: "Pause or stop to change threads, backend and nickname.",
  },
  state: {
    heading: "State",
    joining: "Joining…",
    downloading: "Fetching the training images",
    downloaded: (received: string, total: string) => `${received} of ${total}`,
    measuring: "Measuring what this device can do…",
    training: (count: number) =>
      `Training ${count} ${plural(count, "trial", "trials")}`,
    waiting: "Nothing to do right now",
    paused: "Paused. Other devices take over the trials.",
    pausedBattery:
      "Paused because the battery is low. Training continues when the device is charging.",
    pausedBatteryNote: "Press Resume to train anyway.",
    stopped: "Stopped. Thank you!",
    complete: "The study is complete. Thank you!",
    failed: "Training cannot continue",
    loadFailed: "The program could not be fetched",
    as: (name: string) => `Taking part as ${name}`,
  },
  notRegistered:
    "The coordinator does not answer. This page tries again to take part.",
  connectionLost:
    "The coordinator does not answer. Training continues. Results are kept here and sent when it answers again.",
  outdated:
    "The coordinator was upgraded and uses a newer version of the protocol than this page. Reload the page to take part again.",
  trouble: {
    label: "A problem was solved:",
    trainer: {
      died: "a training thread stopped; a new one replaces it.",
      stuck: "a training thread did not respond; a new one replaces it.",
      device:
        "the graphics processor was lost or computed wrongly; another backend takes over.",
      impossible:
        "a training thread computed an impossible result; a new one replaces it.",
      memory:
        "a trial needs more memory than this page uses, and was handed back. With fewer threads each may use more.",
      other: "a training thread failed; a new one replaces it.",
    } satisfies Record<TrainerFailure, string>,
    trial: {
      "trial-completed": "another device finished the same trial first.",
      "study-stopped": "the study was stopped.",
      "lease-lost": "a trial was given to another device.",
      "result-refused": "the coordinator did not accept a result.",
      "trainer-failed":
        "a trial could not be trained here and was handed back.",
    } satisfies Record<LossReason, string>,
  },
  failure: {
    unreachable:
      "The coordinator does not answer. Check the connection, then try again.",
    "no-coordinator":
      "This address does not belong to a coordinator. Ask the host of the study for the right address.",
    outdated:
      "The coordinator and this page have different versions. Reload the page.",
    "join-code":
      "This swarm requires a join code. Open the invitation link or scan its QR code; the host of the study has both.",
    removed: "The host of the study removed this device.",
    refused: "The coordinator refused to let this device take part.",
    forgotten:
      "The coordinator registered this device and then did not recognize it. Try again later.",
    data:
      "The study's data cannot be trained on. This device is not the cause: tell the host of the study what stands below.",
    "trainers-failed":
      "Training failed here several times. Another backend may work: choose one in the settings.",
    memory:
      "This study needs more memory than this page uses, which is half of the device's. Choose fewer threads, or take part with another device.",
    "results-refused":
      "The coordinator refused several results in a row: this device seems to compute wrongly. Another backend may work.",
    "cannot-train":
      "This backend cannot be used here. Choose Automatic in the settings.",
    other: "An unknown error occurred.",
  } satisfies Record<SessionFailure, string>,
  waiting: {
    "study-complete":
      "The study is complete. If another one starts, this device takes part in it.",
    "all-leased":
      "Other devices are training all unfinished trials. If one of them is handed back, this device may get it.",
    "enough-leases": "This device holds as many trials as it has threads.",
    "verdicts-pending":
      "The coordinator is still checking earlier results from here. This device continues when it has.",
    "no-study": "The coordinator runs no study at the moment.",
    "no-data":
      "The coordinator cannot send its data set now. This device is not the cause; it continues by itself when the data are back.",
  } satisfies Record<WaitingReason, string>,
  asksAgain: (time: string) => `This page asks again in ${time}.`,
  asksNow: "Asking now…",
  slot: {
    heading: (slot: number) => `Thread ${slot}`,
    starting: "Getting ready…",
    replicate: (replicate: number) => `replicate ${replicate}`,
    attempt: (attempt: number) => `, attempt ${attempt}`,
    epoch: "Epoch",
    epochOf: (epoch: number, of: number) => `${epoch} of ${of}`,
    step: "Step",
    trial: "Trial",
    speed: "Speed",
    stepsPerSecond: (steps: string) => `${steps} steps/s`,
    left: "Time left",
    unknown: "–",
    curve: (point: string) =>
      `Training loss and test accuracy by epoch at ${point}`,
    chartEmpty: "The curve begins after the first epoch.",
    trainLoss: "Training loss",
    testAccuracy: "Test accuracy",
    asTable: "As a table",
  },
  measured: {
    heading: "Speed of this device",
    caption: "Time of a training step on each backend",
    backend: "Backend",
    step: "Time per step",
    milliseconds: (value: string) => `${value} ms`,
    detail: "Details",
    unused: {
      slower: "not measured: slower than the other backends",
      software: "skipped: the graphics processor is only emulated in software:",
      failed: "cannot be used here:",
    } satisfies Record<UnusedReason, string>,
    used: "in use",
  },
  contribution: {
    heading: "What this device has contributed",
    trials: "Trials",
    epochs: "Epochs",
    time: "Training time",
  },
  progress: {
    heading: "The study",
    done: (done: string, total: string) => `${done} of ${total} trials done`,
    workers: (count: string) => `workers online: ${count}`,
    left: (time: string) => `${time} left`,
    complete: "complete",
    see: "See the leaderboard",
  },
  hiddenTab:
    "You can switch to another tab, and training continues. A phone, however, stops pages that are not visible.",
};

/** The list of trials, and the pages of trials and grid points. */
export const trials = {
  trialTitle: (point: string, replicate: string) =>
    `Trial ${point}, replicate ${replicate}`,
  pointTitle: (point: string) => `Grid point ${point}`,
  loading: "Fetching…",
  noTrial: "This coordinator does not have this trial.",
  noPoint: "This study does not have this grid point.",
  failed: "The data could not be fetched",
  path: "Location",
  unplanned:
    "This trial is no longer part of its study's plan. It is kept but not counted.",
  states: {
    queued: "To go",
    leased: "Running",
    verifying: "Being verified",
    completed: "Done",
    quarantined: "Set aside",
  } satisfies Record<TrialState, string>,
  diverged: "Diverged",
  divergedAt: (epoch: string) =>
    `The loss became infinite or not a number in epoch ${epoch}: this trial fails to learn.`,
  none: "–",
  stats: {
    heading: "Figures",
    state: "State",
    epochs: "Epochs",
    of: (count: string) => `of ${count}`,
    time: "Training time",
    perEpoch: (seconds: string) => `${seconds} per epoch`,
    attempts: "Attempts",
    replicates: "Replicates done",
    checks: "Pass all d2l checks",
    sd: (sd: string) => `SD ${sd}`,
  },
  checks: {
    heading: "d2l's checks",
    note: "The book's code requires these of the last epoch.",
    trainLoss: "Training loss below 0.5",
    trainAccuracy: "Training accuracy above 0.7",
    testAccuracy: "Test accuracy above 0.7",
    passed: "passed",
    failed: "failed",
    waiting: "The checks are applied when the trial is done.",
    diverged: "No check is passed because the trial diverged.",
  },
  curves: {
    heading: "Learning curves",
    attempt: "Attempt",
    attemptNumber: (attempt: string) => `Attempt ${attempt}`,
    chart: (what: string) => `${what} by epoch`,
    epoch: "Epoch",
    noneYet: "No epoch has been reported yet.",
    asTable: "Every figure by epoch",
    seconds: "Seconds",
    lossOff: "Training loss, dropout off",
    mean: "Mean",
    band:
      "Band: one standard deviation over replicates above and below the mean",
    replicate: (replicate: string) => `Replicate ${replicate}`,
    source: (study: string, what: string) =>
      `Study ${study}, ${what}. Made by dropout-swarm.`,
  },
  attempts: {
    heading: "Attempts",
    none: "No worker has attempted this trial yet.",
    caption: "All attempts at this trial, oldest first",
    number: "No.",
    worker: "Worker",
    backend: "Backend",
    started: "Started",
    until: "until",
    took: "Took",
    epochs: "Epochs",
    state: "State",
    why: "Why it ended",
    states: {
      running: "Running",
      delivered: "Being verified",
      completed: "Accepted",
      released: "Handed back",
      failed: "Failed",
      refused: "Refused",
      expired: "Lost contact",
      superseded: "Too late",
    } satisfies Record<AttemptState, string>,
    whys: {
      running: "The attempt has not ended.",
      delivered: "The result counts once the coordinator has verified it.",
      completed: "The result was verified and counts.",
      released: "The worker left and handed the trial back.",
      failed: "The worker could not train the trial.",
      refused: "The result failed its checks.",
      expired: "The worker did not report in time.",
      superseded: "The result of another attempt was accepted first.",
    } satisfies Record<AttemptState, string>,
    said: "Message:",
  },
  about: {
    heading: "What was trained",
    id: "Trial",
    study: "Study",
    seed: "Seed",
    recipe: "Recipe",
  },
  point: {
    metrics: "Every metric",
    metricsCaption: (point: string) =>
      `Means of ${point} with standard deviations and 95% intervals`,
    metric: "Metric",
    mean: "Mean",
    sd: "SD",
    interval: "95% interval",
    noInterval: "needs two replicates",
    n: "n",
    swappedMean: (point: string) => `Mean of ${point}`,
    replicates: "Replicates",
    replicatesCaption: (point: string) => `The trials of ${point}`,
    replicate: "Replicate",
    swapped: "The rates swapped",
    swappedIs: (point: string) =>
      `With its rates swapped, this point becomes ${point}.`,
    equal: "Both rates are equal, so swapping them gives the same point.",
    noPartner: "The study does not have the point with swapped rates.",
    comparisons: "Paired differences that the verdicts use",
    compared: "Points",
    less: (first: string, second: string) => `${first} minus ${second}`,
    difference: "Difference",
    pDifference: "p, no difference",
    pEquivalence: "p, equivalence",
    noComparisons: "There is nothing to compare yet.",
  },
  list: {
    heading: "Trials",
    show: "Which trials",
    all: "All",
    caption: (which: string) => `Trials (${which}), last changed first`,
    point: "Point",
    replicate: "Replicate",
    state: "State",
    worker: "Worker",
    backend: "Backend",
    epochs: "Epochs",
    time: "Time",
    when: "When",
    empty: "No trial is in this state.",
    held: "The list stays fixed while you point at it.",
    pages: "Pages of the trials",
    ofEpochs: (done: string, epochs: string) => `${done} of ${epochs}`,
  },
  exports: {
    heading: "Download",
    trialJson: "This trial as JSON",
    pointJson: "This point as JSON",
    trialsCsv: "Trials, CSV",
    curvesCsv: "Curves, CSV",
    curvesJson: "Trials and curves, JSON",
  },
};

interface ErrorWords {
  /** What the notebook says or does. */
  readonly says: string;
  /** What is right. */
  readonly right: string;
}

interface ExerciseWords {
  readonly asks: string;
  readonly here: string;
}

/** The lesson page. */
export const lesson = {
  title: "Dropout, step by step",
  lead:
    "This page shows what dropout does, live and with the random numbers that training uses. It then checks, with repeated runs, the conclusions that a student's notebook drew from single runs. It is written for readers of Dive into Deep Learning (d2l), section 4.6.",
  contents: "On this page",
  what: {
    heading: "What dropout is, and what it is not",
    habit:
      "A network with many weights can memorize its training images and fail on new ones. There are two common remedies: weight decay adds a penalty on large weights to the loss; dropout adds noise to the network itself.",
    is:
      "At each training step, and separately for each image, dropout sets each output of a hidden layer to zero with probability p and multiplies the others by 1/(1 − p). No unit can rely on any other particular unit, so the network spreads what it learns over many units. The rate p stays the same from the first step to the last. When the trained network is used, dropout is off.",
    isNot:
      'The notebook calls dropout "a global optimisation algorithm that gradually reduces random perturbation and searches the solution space step by step". That is simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983). Dropout (Srivastava and others 2014) neither searches nor cools: the optimiser is stochastic gradient descent, with or without dropout, and the noise does not decrease.',
  },
  formula: {
    heading: "The formula",
    replaced: "An activation h is replaced by a random h′:",
    withProbability: "with probability p",
    otherwise: "otherwise",
    mean: "The scaling keeps the expectation unchanged:",
    variance:
      "The variance is new. It is the noise, and it grows with the rate:",
    ends:
      "Any rate from 0 to 1 makes sense: 0 ≤ p ≤ 1. At p = 0 nothing is dropped. At p = 1 everything is dropped by convention, because the formula would divide by zero; the expectation is then 0 and not h.",
  },
  layer: {
    heading: "A dropout layer, live",
    intro:
      "The tensor holds 0 to 15 in two rows, as in the notebook. Each element has a random number and is dropped if that number is below p. A higher rate therefore drops everything that a lower rate drops, and more. Move the slider to see this.",
    source:
      "These are the random numbers of a real training. Draw 1 is the start of the mask after the first hidden layer at step 1 of the study's first replicate, draw 2 is that of step 2, and so on. They are the same on every device that trains this replicate.",
    rate: "Dropout rate p",
    presets: "Rates of the notebook",
    again: "Draw again",
    many: (count: string) => `${count} more draws`,
    restart: "Start over",
    input: "Input X",
    output: (p: string) => `dropoutLayer(X, ${p})`,
    draw: (draw: string, epoch: string, step: string) =>
      `draw ${draw}: epoch ${epoch}, step ${step}`,
    mean: (draws: string) => `Mean output over draws: ${draws}`,
    dropped: "0, dropped",
    status: (draw: string, dropped: string, kept: string, factor: string) =>
      `Draw ${draw}: ${dropped} of 16 dropped, ${kept} kept and multiplied by ${factor}.`,
    statusAll: (draw: string) => `Draw ${draw}: all 16 dropped.`,
    half:
      "Each element is dropped independently. At p = 0.5 half of them are dropped on average; exactly eight of the sixteen are dropped in about one draw of five.",
    chart: {
      heading: "The mean converges to the input",
      label: (low: string, high: string, draws: string) =>
        `Means of h′ / h of the 16 elements, from ${low} to ${high} after draws: ${draws}`,
      axis: "draws",
      note:
        "Each line is one element: the mean of h′ / h over the draws so far. If E[h′] = h, 95% of the lines lie in the band at any one time, and the band narrows towards 1.",
      certain: "Nothing is random at p = 0: each line stays at 1.",
      nothing:
        "At p = 1 every element is dropped: each line stays at 0, and E[h′] = h does not hold.",
      table: "Show the means as a table",
      draws: "Draws",
      lowest: "Lowest mean",
      highest: "Highest mean",
      band: "Band",
    },
    last:
      "This is the last step of ten epochs. You have seen every mask that one training draws here.",
  },
  network: {
    heading: "The network and its masks",
    intro:
      "784 pixels, two hidden layers of 256 units with ReLU, ten kinds of clothing (Fashion-MNIST; the notebook speaks of digits). Dropout follows each hidden layer: dropout1 nearer the input, dropout2 nearer the output.",
    mode: "Mode",
    modes: { training: "Training", test: "Test" },
    rate1: "dropout1",
    rate2: "dropout2",
    next: "Next step",
    step: (step: string) => `step ${step}`,
    parts: {
      input: "Input",
      hidden1: "Hidden 1",
      hidden2: "Hidden 2",
      output: "Output",
    },
    picture: (kept1: string, kept2: string) =>
      `The network: 784 inputs, ${kept1} of 256 units kept in the first hidden layer, ${kept2} of 256 in the second, 10 outputs`,
    kept: (layer: string, kept: string, factor: string) =>
      `${layer}: ${kept} of 256 units kept, each output times ${factor}.`,
    none: (layer: string) => `${layer}: no unit kept.`,
    weights: (share: string) =>
      `Of the 65,536 weights between the hidden layers, ${share} connect two kept units. The others have no effect at this step for this image.`,
    image:
      "The picture shows the first image of the batch; each of the 256 images has its own masks.",
    asTest: "All 512 hidden units take part, and their outputs are not scaled.",
    whyHeading: "Why nothing is dropped at test time",
    why:
      'Dropping units at test time would add noise to every prediction, and the same image would get a different answer each time. No scaling is needed either: training multiplied the kept outputs by 1/(1 − p), so each layer receives inputs of the size that it was trained on. (The notebook says that at test time the layer "only connects the network": it hands its input on unchanged.)',
  },
  code: {
    heading: "From scratch and concise",
    intro:
      "The code is TypeScript with TensorFlow.js (tf). When this page is built, these listings are copied from the source code that trains.",
    scratch: "From scratch",
    scratchNote:
      "This version writes out each operation, as in the notebook. Without a position in training it applies no dropout.",
    concise: "Concise",
    conciseNote:
      "This version uses the framework's layers. Only dropout is our own, because no other device can reproduce the masks that the framework draws.",
    same:
      "In the notebook the two networks start from different weights, so their curves cannot be compared. Here both start from the same weights, and a test checks that their losses and gradients agree. The same test covers a third network, which the studies train: it does the same operations in fewer, larger kernels.",
    failed: "The listings could not be fetched",
  },
  answers: {
    heading: "What the study says",
    intro:
      "The notebook trained once at each pair of rates and drew its conclusions from the curves. The study seed repeats each pair with several seeds, adds swapped partners and a point without dropout, and tests each conclusion.",
    chosen: "Study shown",
    choices: { live: "This coordinator's", sample: "The sample" },
    live: (done: string, total: string) =>
      `Live from this coordinator: ${done} of ${total} trials are in.`,
    noLive: "This coordinator has no result of the study seed yet.",
    outdated:
      "This coordinator uses another version than this page. Reload the page for live results.",
    asking: "Asking the coordinator…",
    fetching: "Fetching the sample…",
    sampleFailed: "The sample could not be fetched",
    sample: (
      s: {
        points: string;
        replicates: string;
        committed: string;
        deno: string;
        tensorflow: string;
        backend: string;
      },
    ) =>
      `This is the sample that was committed with the source on ${s.committed}: ${s.points} grid points, ${s.replicates} replicates each, trained on Fashion-MNIST with Deno ${s.deno}, TensorFlow.js ${s.tensorflow}, backend ${s.backend}. The command was`,
    leaderboard: "All figures on the leaderboard",
    concludes: "The notebook concludes",
    conclusions: {
      high: {
        heading: "Rates that are too high",
        quote:
          "The rates of the two layers must not be too high: too high, they hurt training and keep the training loss high.",
      },
      lowest: {
        heading: "The lowest rates",
        quote:
          "Of all cases, the model trains best when both rates are low, at 0.02.",
      },
      swap: {
        heading: "The order of the two",
        quote:
          "With the two rates swapped, or equal, the model does about the same: the order is not important, the values are.",
      },
    },
    untested: "The points of this study do not test this conclusion.",
    trend: {
      heading: "Training loss against the mean of the two rates",
      label: (points: string) =>
        `Final training loss of ${points} grid points against the mean of their two rates; a table follows`,
      x: "mean of dropout1 and dropout2",
      limit: "d2l's check: below 0.5",
      note:
        "Each dot is a grid point with its 95% interval. A hollow dot means that some replicate fails d2l's check.",
      table: "Show the points as a table",
      rate: "Mean rate",
      checks: "Checks passed",
    },
    ranking: {
      heading: "Three metrics side by side",
      note:
        "Means with 95% intervals, sorted by training loss. The best mean of each column is bold; it need not be the best point.",
      point: "Rates",
    },
    pairs: {
      heading: "Each swapped pair",
      note:
        "The mean difference with its 95% interval: lower rate first minus higher rate first. In the grey area, a difference is too small to matter.",
      pair: "Pair",
      less: (first: string, second: string) => `${first} minus ${second}`,
    },
  },
  errors: {
    heading: "Where the notebook is wrong",
    intro:
      "Each entry gives the notebook's statement, the correct one and, where the study shown above has measured it, the figures.",
    right: "Right",
    measured: "Measured",
    items: {
      assertion: {
        says:
          "The function begins with assert 0 < dropout <= 1. The next cell calls it with 0.",
        right:
          "0 <= p <= 1. At p = 0 the assertion would stop the program, so the output printed there cannot come from the code printed above it.",
      },
      columns: {
        says:
          "The printed output of a tensor with 8 columns has a row with 9: 0, 0, 4, 0, 0, 0, 10, 0, 14.",
        right:
          "The row has one zero too many. The kept elements are doubled, which is right at p = 0.5: 2, 5 and 7 become 4, 10 and 14.",
      },
      annealing: {
        says: "Dropout gradually reduces the random perturbation.",
        right:
          "That is simulated annealing. Dropout's rate is the same at the last step as at the first.",
      },
      headings: {
        says:
          '(0.5, 0.8) stands under "dropout1 > dropout2", (0.8, 0.3) under "dropout1 < dropout2".',
        right: "The two headings are exchanged.",
      },
      lower: {
        says: 'At (0.5, 0.8) the loss falls to 0.45, "lower than" 0.35.',
        right: "0.45 is higher than 0.35.",
      },
      contradiction: {
        says:
          'At (0.02, 0.02) the loss is about 0.3, "higher than at (0.2, 0.2)", where it is 0.38; the training is "slightly worse" there, and 0.02 is the best of all.',
        right:
          "These cannot all be true: 0.3 is lower than 0.38, and lower is better.",
      },
      yardstick: {
        says: "It ranks by the training loss with dropout on.",
        right:
          "This loss rises with the rate by construction, because part of the network is off while it is measured. Dropout is meant to help on new images, so test loss and test accuracy are the right metrics.",
      },
      single: {
        says: "It draws each conclusion from one run for each point.",
        right:
          "Runs at the same rates differ by chance alone. A difference of 0.01 between two single runs says little.",
      },
      order: {
        says:
          "It looks at one swapped pair and concludes that the order does not matter.",
        right:
          "Seeing no difference does not prove that there is none. A proof needs replicates and an equivalence test with a margin chosen in advance.",
      },
    } satisfies Record<string, ErrorWords>,
    figureAt: (value: string, point: string) => `${value} at ${point}`,
    bestOf: (loss: string, testLoss: string, accuracy: string) =>
      `Best mean training loss: ${loss}. Best mean test loss: ${testLoss}. Best mean test accuracy: ${accuracy}.`,
    spread: (
      lossLow: string,
      lossHigh: string,
      accuracyLow: string,
      accuracyHigh: string,
    ) =>
      `The standard deviation over replicates at one point is ${lossLow} to ${lossHigh} in training loss and ${accuracyLow} to ${accuracyHigh} in test accuracy.`,
  },
  exercises: {
    heading: "d2l's exercises",
    intro: "This list says which exercises the swarm can answer now.",
    states: { answered: "Answered", partly: "In part", open: "Not yet" },
    items: {
      rates: {
        asks:
          "Change the two rates, and swap them. Describe the results with numbers and sum up.",
        here:
          "This page and the leaderboard answer it. To train every pair in steps of 0.1, run:",
      },
      epochs: {
        asks: "Train for more epochs, with dropout and without. Compare.",
        here:
          "You can train for any number of epochs, and the leaderboard shows the curves. No claim tests the difference yet. Run:",
      },
      variance: {
        asks:
          "What is the variance of each hidden layer's activations, with and without dropout, over the training?",
        here: "Activations are not recorded.",
      },
      test: {
        asks: "Why is dropout not used at test time?",
        here: "See above: why nothing is dropped at test time.",
      },
      decay: {
        asks: "Compare dropout with weight decay, and use both.",
        here:
          "A study file can vary the weight decay together with the dropout rates. No claim tests the difference yet.",
      },
      weights: {
        asks:
          "What happens if single weights are dropped instead of whole activations?",
        here: "The networks drop activations only.",
      },
      noise: {
        asks:
          "Invent another noise for each layer. Does it beat dropout on Fashion-MNIST?",
        here: "No other noise is available.",
      },
    } satisfies Record<string, ExerciseWords>,
  },
};

/** The workers' page. */
export const workers = {
  title: "Workers · dropout-swarm",
  heading: "Workers",
  lead:
    "Browser tabs and Deno processes train the trials. Each name is a nickname that its owner chose or that the coordinator made up. Nothing is known about a worker beyond what this page shows.",
  joinToo: "Join with this device",
  loading: "Fetching the workers…",
  failed: "The workers could not be fetched",
  none: "Nobody has joined yet.",
  noneOnline: "Nobody is online.",
  counts: "How many",
  online: "Online now",
  ever: "Ever joined",
  show: "Which workers",
  showAll: "All",
  showOnline: "Online",
  order: "Order",
  byResults: "Most results first",
  bySeen: "Last seen first",
  caption: "Workers with their backend, speed and results",
  columns: {
    name: "Name",
    device: "Device",
    backend: "Backend",
    threads: "Threads",
    step: "ms per step",
    stepNote:
      "Time of one training step, measured by the worker when it joined",
    pace: "Trials per minute",
    paceNote: "Accepted results over the last 15 minutes",
    results: "Results",
    resultsNote: "Accepted results; each trial counts once",
    running: "Running",
    seen: "Last seen",
  },
  kinds: { browser: "browser tab", deno: "Deno process" },
  agreement: {
    heading: "Do results agree?",
    note:
      "The same grid point gives nearly the same loss on every worker. This table marks results that differ from all others by more than chance explains. The cause can be a device that computes wrongly, a faulty backend, or a worker that trains something else. If only two results differ from each other, nobody can tell which one is wrong.",
    caption: "Backends, and whether their results agree with the others'",
    backend: "Backend",
    results: "Results",
    verdict: "Compared with the others",
    odd: "differs by more than chance",
    even: "agrees with the others",
    nothing: "nothing to compare yet",
    trainLoss: "training loss",
    testLoss: "test loss",
    test: (figure: string, chiSquare: string, points: string, p: string) =>
      `${figure}: χ² = ${chiSquare} over ${points} grid points, p ${p}`,
  },
  now: "online",
  notSaid: "–",
  pages: "Pages of the workers",
};

/** The report in a file of its own. */
export const report = {
  title: (study: string) => `${study} · Report`,
  kind: "Report of a study",
  broken: "This file contains no readable report",
  unfinished: (done: string, total: string) =>
    `${done} of ${total} trials have finished, so every verdict is provisional.`,
  made: {
    heading: "How this was made",
    on: "Made on",
    software: "Software",
    versions: (version: string, deno: string, protocol: string) =>
      `dropout-swarm ${version}, Deno ${deno}, swarm protocol ${protocol}`,
    data: "Data",
    counts: (points: string, trials: string, revision: string) =>
      `${counted(points, "grid point", "grid points")}, ${
        counted(trials, "trial", "trials")
      }, revision ${revision}`,
    trained: "Trained with",
    backend: (name: string, trials: string, time: string) =>
      `${name}: ${counted(trials, "trial", "trials")}, ${time} in all`,
    notKnown: "not recorded in the data at hand",
    commands: "Commands to run the study again in a clone of the repository",
    seed: (seed: string) =>
      `The study's seed is ${seed}: weights, batches and masks are the same on any device.`,
  },
  embedded: {
    heading: "The data",
    note: "This file contains all figures. Nothing is downloaded to show them.",
    save: "Save as JSON",
    definition: "Save the study's definition",
  },
};
