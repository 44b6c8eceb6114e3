import type { NoLeaseReason } from "../../coordinator/protocol/swarm.ts";
import type { BackendName } from "../../coordinator/protocol/training.ts";
import type {
  SessionFailure,
  TrainerFailure,
  UnusedReason,
} from "../../worker/main_browser.ts";
import type { LossReason } from "../join/progress_model.ts";

/** Words of the join page. */

const plural = (count: number, one: string, many: string) =>
  count === 1 ? one : many;

export const joinEn = {
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
  backends: {
    simd: "WebAssembly SIMD, our kernels",
    webgpu: "WebGPU",
    webgl: "WebGL",
    wasm: "WebAssembly, stock",
    cpu: "JavaScript",
  } satisfies Record<BackendName, string>,
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
    epochColumn: "Epoch",
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

export type JoinWords = typeof joinEn;
