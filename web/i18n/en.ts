import type {
  SeedRemark,
  SwapFigures,
  VerdictName,
} from "../../protocol/leaderboard.ts";
import type { NoLeaseReason } from "../../protocol/lease.ts";
import { byMetric } from "../../protocol/metrics.ts";
import type { AttemptState, TrialState } from "../../protocol/views.ts";
import type {
  SessionFailure,
  TrainerFailure,
  UnusedReason,
} from "../../worker/main_browser.ts";
import type { LossReason } from "../pages/join/progress_model.ts";
import type { BandName } from "../pages/leaderboard/view_state.ts";

/**
 * Every text of the pages in English, grouped by page: the catalogue that the
 * other languages are typed by. A page's bundle takes its own groups only.
 */

const plural = (count: number, one: string, many: string) =>
  count === 1 ? one : many;

/** The language itself. */
export const language = {
  /** In its own words. */
  name: "English",
  /** For `lang` and `Intl`. */
  tag: "en",
  /** How a span of time is written. */
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
  connection: {
    connecting: "Connecting…",
    live: "Live",
    polling: "Updating every few seconds",
    offline: "No connection",
  },
  offlineNotice:
    "The coordinator does not answer. You see the last state received; the page keeps trying.",
  outdatedNotice:
    "The coordinator speaks a newer version than this page. Reload the page to go on.",
};

/** What a page says where scripts do not run. */
export const noScript = {
  page: "This page needs JavaScript. The same figures are available as an API:",
  report:
    "This report needs JavaScript. Its data are stored in this file as JSON.",
};

type Clauses = Readonly<Record<VerdictName, (on: string) => string>>;

const by = (on: string) => on === "" ? "" : `, judged by ${on}`;

/**
 * A study's answer: what is settled about each topic, one way or the other, and
 * what is open. `on` names the metrics that say so; it is empty where all of
 * them do.
 */
export const answers = {
  heading: "The answer",
  none: "No trial is in yet. The answer will stand here.",
  provisional: "So far, and provisional until every trial is in:",
  settled: "Settled:",
  open: "Open:",
  /** Between what the metrics say, and after it. */
  then: "; ",
  stop: ".",
  /** Of the claims that the answer sums up. */
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
        "Whether high rates keep the training loss high is open",
    } satisfies Clauses as Clauses,
    lowest: {
      "supported": (on) => `The lowest rates train best${by(on)}`,
      "contradicted": (on) => `The lowest rates do not train best${by(on)}`,
      "not-enough-evidence": () =>
        "Whether the lowest rates train best is open",
    } satisfies Clauses as Clauses,
    swap: {
      "supported": (on) =>
        `Swapping the two rates makes no difference that matters to ${on}`,
      "contradicted": (on) =>
        `The order of the two rates matters: swapping them changes ${on}`,
      "not-enough-evidence": () =>
        "Whether swapping the two rates changes anything is open",
    } satisfies Clauses as Clauses,
    order: {
      "supported": (on) => `The lower rate belongs nearer the input${by(on)}`,
      "contradicted": (on) =>
        `The higher rate belongs nearer the input${by(on)}`,
      "not-enough-evidence": () =>
        "Which of the two rates belongs nearer the input is open",
    } satisfies Clauses as Clauses,
  },
  /** What the other metrics say. */
  others: {
    "supported": (on) => `judged by ${on} it is so`,
    "contradicted": (on) => `judged by ${on} it is not so`,
    "not-enough-evidence": (on) => `judged by ${on} it is open`,
  } satisfies Clauses as Clauses,
  /** Beside what swapping changes. */
  unchanged: (on: string) => `it makes no difference that matters to ${on}`,
};

/** The leaderboard, whose parts other pages show, too. */
export const leaderboard = {
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
    "This page turns a browser tab into a worker. It trains a small neural network again and again with different dropout rates, and sends back how well each one learned.",
  study: (title: string) => `The study: ${title}`,
  noStudy: "The coordinator runs no study at the moment.",
  consent: {
    heading: "Before you start",
    does: "What it does",
    doesText: (threads: number, cores: string) =>
      `Trains on ${threads} of this device's ${cores} cores until you pause, stop or close the tab. The device gets warmer and uses more power.`,
    doesTextUnknown: (threads: number) =>
      `Trains on ${threads} ${
        plural(threads, "thread", "threads")
      } until you pause, stop or close the tab. The device gets warmer and uses more power.`,
    downloads: "What it downloads",
    downloadsText: (data: string) =>
      `The training pictures, ${data}, once: they are kept in this browser for the next visit. And about 0.5 MB of program.`,
    downloadsUnknown:
      "The training pictures, once: they are kept in this browser for the next visit. And about 0.5 MB of program.",
    leaves: "What leaves the device",
    leavesText: (weights: string) =>
      `Of each training, its figures (losses, accuracies, seconds) and the trained network by which they are checked, ${weights}. The backend and its speed, the names of your browser and operating system, and a nickname if you give one. Nothing else: no files, no location, no cookies.`,
    leavesTextUnknown:
      "Of each training, its figures (losses, accuracies, seconds) and the trained network by which they are checked. The backend and its speed, the names of your browser and operating system, and a nickname if you give one. Nothing else: no files, no location, no cookies.",
    stays: "Leaving",
    staysText:
      "Close the tab whenever you like: what you had in hand goes to somebody else.",
  },
  saveData: (data: string) =>
    `Your browser asks sites to save data. Start downloads ${data} all the same.`,
  saveDataUnknown:
    "Your browser asks sites to save data. Start downloads the training pictures all the same.",
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
      `Each trains one trial. This device has ${cores} cores; one is best left to you.`,
    threadsNoteUnknown: "Each trains one trial.",
    fewer: "Fewer threads",
    more: "More threads",
    backend: "Backend",
    backendNote:
      "Automatic measures what this device can do and keeps the fastest.",
    auto: "Automatic",
    name: "Nickname",
    namePlaceholder: "made up for you",
    nameNote: "Shown in the public list of workers. Optional.",
    keepAwake: "Keep the screen on while training",
    keepAwakeAbsent: "This browser does not let a page keep the screen on.",
    spareBattery: "Pause when the battery is below 20%",
    locked: "Pause or stop to change threads, backend and nickname.",
  },
  state: {
    heading: "State",
    joining: "Joining…",
    downloading: "Fetching the training pictures",
    downloaded: (received: string, total: string) => `${received} of ${total}`,
    measuring: "Measuring what this device can do…",
    training: (count: number) =>
      `Training ${count} ${plural(count, "trial", "trials")}`,
    waiting: "Nothing to do right now",
    paused: "Paused. The trials in hand went to others.",
    pausedBattery:
      "Paused: the battery is low. Training begins by itself when the device charges.",
    pausedBatteryNote: "Resume trains all the same.",
    stopped: "Stopped. Thank you!",
    complete: "The study is complete. Thank you!",
    failed: "It cannot go on",
    loadFailed: "The program could not be fetched",
    as: (name: string) => `Taking part as ${name}`,
  },
  connectionLost:
    "The coordinator does not answer. Training goes on; results wait here and are delivered when it is back.",
  outdated:
    "The coordinator was upgraded and speaks a newer version than this page. Reload the page to take part again.",
  trouble: {
    label: "Dealt with:",
    trainer: {
      died: "a training thread broke off; another one takes its place.",
      stuck: "a training thread hung; another one takes its place.",
      device:
        "the graphics processor was lost or computed wrongly; another backend goes on.",
      impossible:
        "a training thread computed what cannot be; another one takes its place.",
      other: "a training thread failed; another one takes its place.",
    } satisfies Record<TrainerFailure, string>,
    trial: {
      "trial-completed": "another device was faster with the same trial.",
      "study-stopped": "the study was stopped.",
      "lease-lost": "a trial went to another device meanwhile.",
      "result-refused": "the coordinator did not accept a result.",
      "trainer-failed": "a trial could not be trained here and went back.",
    } satisfies Record<LossReason, string>,
  },
  failure: {
    unreachable:
      "The coordinator does not answer. Check the connection, then try again.",
    "no-coordinator":
      "What answers at this address is no coordinator. Ask whoever runs the study for the right one.",
    outdated:
      "The coordinator and this page are of different versions. Reload the page.",
    "join-code":
      "This swarm asks for a join code. Open the invitation's link or scan its code; your host has it.",
    removed: "The study's host removed this device.",
    refused: "The coordinator refused to let this device take part.",
    forgotten:
      "The coordinator registers this device and then does not know it. Try again later.",
    "trainers-failed":
      "Training failed here again and again. Another backend may work: choose one in the settings.",
    "results-refused":
      "The coordinator refused several results in a row: this device seems to compute wrongly. Another backend may work.",
    "cannot-train":
      "This backend cannot be used here. Choose Automatic in the settings.",
    other: "Something failed that this page does not know of.",
  } satisfies Record<SessionFailure, string>,
  waiting: {
    "study-complete":
      "The study is complete. Should another one start, this device takes part.",
    "all-leased":
      "Every unfinished trial is being trained by somebody. One that is handed back may come here.",
    "enough-leases": "This device holds as many trials as it has threads.",
    "no-study": "The coordinator runs no study at the moment.",
  } satisfies Record<NoLeaseReason, string>,
  asksAgain: (time: string) => `Asks again in ${time}.`,
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
    heading: "What this device can do",
    caption: "Backends by the time that a training step takes",
    backend: "Backend",
    step: "A step",
    milliseconds: (value: string) => `${value} ms`,
    detail: "Details",
    unused: {
      slower: "not measured: slower than any other",
      software: "passed over: no graphics processor, only a program for one:",
      failed: "cannot be used here:",
    } satisfies Record<UnusedReason, string>,
    used: "in use",
  },
  contribution: {
    heading: "What this device has given",
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
    "You may switch to another tab: training goes on, though a phone stops pages that are out of view.",
};

/** Trials: their list, their pages and those of grid points. */
export const trials = {
  trialTitle: (point: string, replicate: string) =>
    `Trial ${point}, replicate ${replicate}`,
  pointTitle: (point: string) => `Grid point ${point}`,
  loading: "Fetching…",
  noTrial: "This coordinator knows no such trial.",
  noPoint: "The study has no such grid point.",
  failed: "This could not be fetched",
  path: "Where this is",
  rates: (dropout1: string, dropout2: string) =>
    `Dropout ${dropout1} after the first hidden layer, ${dropout2} after the second`,
  unplanned:
    "This trial has left its study's plan. It is kept, and counts no more.",
  states: {
    queued: "To go",
    leased: "Running",
    verifying: "Being verified",
    completed: "Done",
    quarantined: "Set aside",
  } satisfies Record<TrialState, string>,
  diverged: "Diverged",
  divergedAt: (epoch: string) =>
    `The loss stopped being finite in epoch ${epoch}: this trial fails to learn.`,
  none: "–",
  stats: {
    heading: "Figures",
    state: "State",
    epochs: "Epochs",
    of: (count: string) => `of ${count}`,
    time: "Training time",
    perEpoch: (seconds: string) => `${seconds} an epoch`,
    attempts: "Attempts",
    replicates: "Replicates done",
    checks: "Pass all d2l checks",
    sd: (sd: string) => `SD ${sd}`,
  },
  checks: {
    heading: "d2l's checks",
    note: "What the book's code asks of the last epoch.",
    trainLoss: "Training loss below 0.5",
    trainAccuracy: "Training accuracy above 0.7",
    testAccuracy: "Test accuracy above 0.7",
    passed: "passed",
    failed: "failed",
    waiting: "Judged once the trial is done.",
    diverged: "None is passed: the trial diverged.",
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
    band: "Band: one standard deviation over replicates, up and down",
    replicate: (replicate: string) => `Replicate ${replicate}`,
    source: (study: string, what: string) =>
      `Study ${study}, ${what}. Made by dropout-swarm.`,
  },
  attempts: {
    heading: "Attempts",
    none: "Nobody has tried this trial yet.",
    caption: "Every attempt at this trial, the first one first",
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
      expired: "Fell silent",
      superseded: "Too late",
    } satisfies Record<AttemptState, string>,
    whys: {
      running: "It has not ended.",
      delivered: "Its result counts once it has been recomputed.",
      completed: "Its result was verified and counts.",
      released: "The worker left, without fault.",
      failed: "The trial could not be trained there.",
      refused: "Its result did not stand up to its checks.",
      expired: "The worker was not heard from in time.",
      superseded: "Another attempt's result was accepted first.",
    } satisfies Record<AttemptState, string>,
    said: "It said:",
  },
  about: {
    heading: "What was trained",
    id: "Trial",
    study: "Study",
    seed: "Seed",
    network: "Network",
    layers: (sizes: string) => `hidden layers ${sizes}`,
    recipe: "Recipe",
    recipeOf: (epochs: string, batch: string, rate: string) =>
      `epochs: ${epochs}, batch: ${batch}, SGD at ${rate}`,
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
    swappedIs: (point: string) => `The partner of this point is ${point}.`,
    equal: "Both rates are the same: this point is its own partner.",
    noPartner: "The study does not have the point with the two rates swapped.",
    comparisons: "Paired differences that the verdicts use",
    compared: "Points",
    less: (first: string, second: string) => `${first} less ${second}`,
    difference: "Difference",
    pDifference: "p, no difference",
    pEquivalence: "p, equivalence",
    noComparisons: "There is nothing to compare yet.",
  },
  list: {
    heading: "Trials",
    show: "Which trials",
    all: "All",
    caption: (which: string) => `Trials (${which}), what changed last first`,
    point: "Point",
    replicate: "Replicate",
    state: "State",
    worker: "Worker",
    backend: "Backend",
    epochs: "Epochs",
    time: "Time",
    when: "When",
    empty: "No trial is in this state.",
    held: "The list is held while you point at it.",
    pages: "Pages of the trials",
    page: (page: string, pages: string) => `Page ${page} of ${pages}`,
    previous: "Previous",
    next: "Next",
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
    "What dropout does, live and with the random numbers that training uses; then what repeated runs say of the conclusions that a student's notebook drew from single ones. For readers of Dive into Deep Learning (d2l), section 4.6.",
  contents: "On this page",
  what: {
    heading: "What dropout is, and what it is not",
    habit:
      "A network with many weights can learn its training images by heart and fail on new ones. Two common remedies: weight decay adds a penalty on large weights to the loss; dropout adds noise to the network itself.",
    is:
      "At each training step and for each image anew, dropout sets each output of a hidden layer to zero with probability p and scales the others by 1/(1 − p). No unit can rely on any particular other one to be there, so what the network learns is spread over many. The rate p stays the same from the first step to the last. When the trained network is used, dropout is off.",
    isNot:
      'The notebook calls dropout "a global optimisation algorithm that gradually reduces random perturbation and searches the solution space step by step". That is simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983). Dropout (Srivastava and others 2014) searches nothing and cools nothing: the optimiser is stochastic gradient descent, with or without it, and the noise does not fade.',
  },
  formula: {
    heading: "The formula",
    replaced: "An activation h is replaced by a random h′:",
    withProbability: "with probability p",
    otherwise: "otherwise",
    mean: "The scaling keeps its expectation what it was:",
    variance:
      "Its variance is new. That is the noise, and it grows with the rate:",
    ends:
      "Any rate from 0 to 1 makes sense: 0 ≤ p ≤ 1. At p = 0 nothing is dropped. At p = 1 everything is, by convention, since the formula would divide by zero; the expectation is then 0 and not h.",
  },
  layer: {
    heading: "A dropout layer, live",
    intro:
      "The tensor holds 0 to 15 in two rows, as in the notebook. Each element has a random number and is dropped if that lies below p. So a higher rate drops all that a lower one drops, and more: move the slider and watch them go.",
    source:
      "These numbers are not made up for this page. Draw 1 is the start of the mask after the first hidden layer at step 1 of the study's first replicate, draw 2 that of step 2, and so on: the same on every device that trains it.",
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
      "Each element is dropped on its own. At p = 0.5 half of them go on average; exactly eight of sixteen in about one draw of five.",
    chart: {
      heading: "The mean comes back to the input",
      label: (low: string, high: string, draws: string) =>
        `Means of h′ / h of the 16 elements, from ${low} to ${high} after draws: ${draws}`,
      axis: "draws",
      note:
        "One line an element: the mean of h′ / h over the draws so far. If E[h′] = h, 95% of the lines lie in the band at any one time, and the band closes in on 1.",
      certain: "Nothing is random at p = 0: each line stays at 1.",
      nothing:
        "At p = 1 nothing is left to average: each line stays at 0, and E[h′] = h does not hold.",
      table: "Show the means as a table",
      draws: "Draws",
      lowest: "Lowest mean",
      highest: "Highest mean",
      band: "Band",
    },
    last:
      "That was the last step of ten epochs: every mask that a training draws here.",
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
      `Of the 65,536 weights between the hidden layers, ${share} join two kept units: the others play no part at this step for this image.`,
    image:
      "Shown is the first image of the batch; each of the 256 images has masks of its own.",
    asTest: "All 512 hidden units take part, their outputs as they are.",
    whyHeading: "Why nothing is dropped at test time",
    why:
      'Dropping at test time would add noise to every prediction and answer the same image differently each time. Nothing needs scaling either: since training scaled what it kept by 1/(1 − p), each layer meets inputs of the size it was trained on. (The notebook says that at test time the layer "only connects the network": it hands its input on unchanged.)',
  },
  code: {
    heading: "From scratch and concise",
    intro:
      "TypeScript with TensorFlow.js (tf). These listings are cut out of the source that trains when this page is built.",
    scratch: "From scratch",
    scratchNote:
      "Each operation written out, as in the notebook. Without a position in training there is no dropout.",
    concise: "Concise",
    conciseNote:
      "The framework's layers. Only dropout is our own, since the framework draws masks that no other device can repeat.",
    same:
      "In the notebook the two networks start from different weights, so that their curves cannot be compared. Here both start from the same ones, and a test holds their losses and gradients together. So it does with the third network, the one that studies train: the same operations in fewer, larger kernels.",
    failed: "The listings could not be fetched",
  },
  answers: {
    heading: "What the study says",
    intro:
      "The notebook trained once at each pair of rates and read its conclusions off the curves. The study seed repeats each pair with several seeds, adds swapped partners and a point without dropout, and tests each conclusion.",
    chosen: "Study shown",
    choices: { live: "This coordinator's", sample: "The sample" },
    live: (done: string, total: string) =>
      `Live from this coordinator: ${done} of ${total} trials are in.`,
    noLive: "This coordinator has no result of the study seed yet.",
    outdated:
      "This coordinator speaks another version than this page: reload it for live results.",
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
      `Shown is the sample committed with the source on ${s.committed}: ${s.points} grid points, ${s.replicates} replicates each, trained on Fashion-MNIST with Deno ${s.deno}, TensorFlow.js ${s.tensorflow}, backend ${s.backend}, by`,
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
        "A dot a grid point, with its 95% interval; hollow: some replicate fails d2l's check.",
      table: "Show the points as a table",
      rate: "Mean rate",
      checks: "Checks passed",
    },
    ranking: {
      heading: "Three yardsticks side by side",
      note:
        "Means with 95% intervals, in the order of training loss. In bold: the best mean of each column, which need not be the best point.",
      point: "Rates",
    },
    pairs: {
      heading: "Each swapped pair",
      note:
        "The lower rate first, less the higher rate first: mean difference with its 95% interval. Grey: within the margin, where a difference would not matter.",
      pair: "Pair",
      less: (first: string, second: string) => `${first} less ${second}`,
    },
  },
  errors: {
    heading: "Where the notebook is wrong",
    intro:
      "What it says, what is right, and the figures of the study shown above where they bear on it.",
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
          "One zero too many. What is kept is doubled, as it should be at p = 0.5: 2, 5 and 7 become 4, 10 and 14.",
      },
      annealing: {
        says: "Dropout gradually reduces the random perturbation.",
        right:
          "That is simulated annealing. Dropout's rate is the same at the last step as at the first.",
      },
      headings: {
        says:
          '(0.5, 0.8) stands under "dropout1 > dropout2", (0.8, 0.3) under "dropout1 < dropout2".',
        right: "Each stands under the other's heading.",
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
          "That loss rises with the rate by construction: the network is measured while part of it is off. Dropout is for new images, so the test loss and accuracy are what to ask.",
      },
      single: {
        says: "It draws each conclusion from one run a point.",
        right:
          "Runs at the same rates differ by chance alone. A difference of 0.01 between two single runs says little.",
      },
      order: {
        says: "A glance at one swapped pair shows that the order is nothing.",
        right:
          "Not seeing a difference is no evidence of none. That takes repeats, and an equivalence test with a margin said beforehand.",
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
    intro: "What this swarm can answer now, and what not yet.",
    states: { answered: "Answered", partly: "In part", open: "Not yet" },
    items: {
      rates: {
        asks:
          "Change the two rates, and swap them. Describe the results with numbers and sum up.",
        here:
          "This page and the leaderboard. For every pair in steps of 0.1, run:",
      },
      epochs: {
        asks: "Train for more epochs, with dropout and without. Compare.",
        here:
          "Any number of epochs can be run, and the leaderboard shows the curves; no claim tests it yet. Run:",
      },
      variance: {
        asks:
          "What is the variance of each hidden layer's activations, with and without dropout, over the training?",
        here: "Activations are not recorded.",
      },
      test: {
        asks: "Why is dropout not used at test time?",
        here: "Above: why nothing is dropped at test time.",
      },
      decay: {
        asks: "Compare dropout with weight decay, and use both.",
        here: "The recipe has no weight decay.",
      },
      weights: {
        asks:
          "What if single weights are dropped in place of whole activations?",
        here: "The networks drop activations only.",
      },
      noise: {
        asks:
          "Invent another noise for each layer. Does it beat dropout on Fashion-MNIST?",
        here: "There is no other noise to choose.",
      },
    } satisfies Record<string, ExerciseWords>,
  },
};

/** The workers' page. */
export const workers = {
  title: "Workers · dropout-swarm",
  heading: "Workers",
  lead:
    "Who trains the trials: browser tabs and Deno processes. Each name is a nickname that its owner chose, or one that the coordinator made up; no more is known of anybody than stands here.",
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
  caption: "Workers, what they train on, how fast, and what they gave",
  columns: {
    name: "Name",
    device: "Device",
    backend: "Backend",
    threads: "Threads",
    step: "ms a step",
    stepNote: "One training step, as the worker measured it on joining",
    pace: "Trials a minute",
    paceNote: "Accepted results over the last quarter of an hour",
    results: "Results",
    resultsNote: "Accepted, each trial counted once",
    running: "Running",
    seen: "Last seen",
  },
  kinds: { browser: "browser tab", deno: "Deno process" },
  agreement: {
    heading: "Do results agree?",
    note:
      "The same grid point has much the same loss whoever trains it. Results that lie further from everybody else's than chance explains are named: a device that counts wrong, a backend with a fault, or somebody who trains something else. Of two that differ, nobody can tell which one it is.",
    caption: "Backends, and whether their results agree with the others'",
    backend: "Backend",
    results: "Results",
    verdict: "Beside the others",
    odd: "differs more than chance",
    even: "as the others",
    nothing: "nothing to compare yet",
    trainLoss: "training loss",
    testLoss: "test loss",
    test: (figure: string, chiSquare: string, points: string, p: string) =>
      `${figure}: χ² = ${chiSquare} over ${points} grid points, p ${p}`,
  },
  now: "online",
  notSaid: "–",
  pages: "Pages of the workers",
  page: (page: string, pages: string) => `Page ${page} of ${pages}`,
  previous: "Previous",
  next: "Next",
};

/** The report that stands alone. */
export const report = {
  title: (study: string) => `${study} · Report`,
  kind: "Report of a study",
  broken: "This file holds no report that it can read",
  unfinished: (done: string, total: string) =>
    `${done} of ${total} trials are in: every verdict is provisional.`,
  made: {
    heading: "How this was made",
    on: "Made on",
    software: "Software",
    versions: (version: string, deno: string, protocol: string) =>
      `dropout-swarm ${version}, Deno ${deno}, swarm protocol ${protocol}`,
    data: "Data",
    counts: (points: string, trials: string, revision: string) =>
      `${points} grid points, ${trials} trials, revision ${revision}`,
    trained: "Trained with",
    backend: (name: string, trials: string, time: string) =>
      `${name}: ${trials} trials, ${time} in all`,
    notKnown: "not recorded in the data at hand",
    commands: "To run it again, in a clone of the repository",
    seed: (seed: string) =>
      `The study's seed is ${seed}: weights, batches and masks are the same on any device.`,
  },
  embedded: {
    heading: "The data",
    note: "All figures stand in this file. Nothing was fetched to show them.",
    save: "Save as JSON",
    definition: "Save the study's definition",
  },
};
