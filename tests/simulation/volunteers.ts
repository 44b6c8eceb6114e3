import { type LeaseId, type TrialId, WorkerId } from "../../protocol/ids.ts";
import type { TrialSpec } from "../../protocol/study.ts";
import {
  d2lChecks,
  type EpochMetrics,
  type TrialResult,
} from "../../protocol/training.ts";
import { createClient } from "../../worker/client.ts";
import { runSession } from "../../worker/session/session.ts";
import type { SwarmClient } from "../../worker/session/swarm_client.ts";
import type {
  SessionEnd,
  StartTrainer,
  Trainer,
} from "../../worker/session/session_types.ts";
import type { Chance } from "./chance.ts";
import type { Faults } from "./faults.ts";
import type { Network } from "./network.ts";
import { Process, type VirtualTime } from "./virtual_time.ts";
import type { Witness } from "./witness.ts";

/** The environment of a volunteer. */
export interface World {
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly network: Network;
  readonly witness: Witness;
  readonly trace: (text: string) => void;
  /** Every lease that was ever granted: the liars get to know them. */
  readonly leases: { leaseId: LeaseId; trial: TrialSpec; attempt: number }[];
}

/**
 * The real client over the simulated network. Who it speaks for is known by
 * its token; the witness hears what the coordinator says to it.
 */
export function simulatedClient(world: World, process: Process): SwarmClient {
  const { witness } = world;
  const real = createClient({
    url: "http://coordinator.invalid",
    fetch: world.network.fetchFrom(process),
    timeLimit: process.timeLimit,
  });
  const leased = new Map<LeaseId, { trialId: TrialId; attempt: number }>();
  const owner = (token: string) => WorkerId.parse(token.split(".")[0]);
  /** A call that succeeded: it must be about a lease of ours, rightly named. */
  const held = (
    token: string,
    leaseId: LeaseId,
    { attempt }: { readonly attempt: number },
    what: string,
  ) => {
    const lease = leased.get(leaseId);
    if (lease?.attempt === attempt) {
      return { trialId: lease.trialId, leaseId, workerId: owner(token) };
    }
    witness.complaints.push(
      `${leaseId} was ${what} as attempt ${attempt}, which is not leased to ` +
        "the caller",
    );
    return null;
  };
  return {
    async register(request, signal) {
      const answer = await real.register(request, signal);
      witness.hear({ type: "registered", workerId: answer.workerId });
      return answer;
    },
    async acquire(token, request, signal) {
      const answer = await real.acquire(token, request, signal);
      if (answer.lease === null) return answer;
      const { leaseId, trial, attempt } = answer.lease;
      const { trialId } = trial;
      leased.set(leaseId, { trialId, attempt });
      world.leases.push({ leaseId, trial, attempt });
      const workerId = owner(token);
      witness.hear({ type: "leased", trialId, leaseId, workerId, attempt });
      return answer;
    },
    async renew(token, leaseId, request, signal) {
      const answer = await real.renew(token, leaseId, request, signal);
      held(token, leaseId, request, "renewed");
      return answer;
    },
    async report(token, leaseId, request, signal) {
      const answer = await real.report(token, leaseId, request, signal);
      const ours = held(token, leaseId, request, "reported");
      if (ours !== null && answer.directive === "continue") {
        for (const { epoch } of request.epochs) {
          witness.hear({ type: "reported", epoch, ...ours });
        }
      }
      return answer;
    },
    uploadWeights: (token, leaseId, request, signal) =>
      real.uploadWeights(token, leaseId, request, signal),
    async complete(token, leaseId, request, signal) {
      const answer = await real.complete(token, leaseId, request, signal);
      const ours = held(token, leaseId, request, "accepted");
      if (ours !== null) {
        witness.hear({ type: "accepted", result: request.result, ...ours });
      }
      return answer;
    },
    async release(token, leaseId, request, signal) {
      await real.release(token, leaseId, request, signal);
      const ours = held(token, leaseId, request, "released");
      if (ours !== null) witness.hear({ type: "released", ...ours });
    },
    leave: (token, signal) => real.leave(token, signal),
  };
}

/** The result of training a trial, a pure function of the trial. */
export function truth(trial: TrialSpec, epoch: number): EpochMetrics {
  const { dropout1, dropout2 } = trial.recipe;
  const loss = 0.4 + (dropout1 + dropout2 + trial.replicate / 7) / 10 +
    0.3 / epoch;
  return {
    epoch,
    trainLoss: loss,
    trainAccuracy: 0.8,
    trainLossDropoutOff: loss,
    testLoss: loss,
    testAccuracy: 0.75,
    seconds: 1,
  };
}

/** A result as it should be. */
export function trueResult(trial: TrialSpec, seconds: number): TrialResult {
  const epochs = Array.from(
    { length: trial.recipe.epochs },
    (_, i) => truth(trial, i + 1),
  );
  const final = epochs.at(-1);
  if (final === undefined) throw new Error("a trial has epochs");
  return {
    outcome: "trained",
    epochs,
    backend: "simd",
    seconds,
    checks: d2lChecks(final),
  };
}

/** What a real one gives a trainer that says nothing any more. */
const TRAINER_PATIENCE = 300_000;
/** Milliseconds in which the final weights are read, after the last epoch. */
const READING = 10;
/** Steps of an epoch, as the coordinator reckons with them. */
export const STEPS = 235;

function trainers(
  { time, faults }: World,
  process: Process,
  chance: Chance,
  epochSeconds: number,
): StartTrainer {
  const { clock } = process;
  const risky = (probability: number) =>
    time.now < faults.end && chance.happens(probability);
  return async ({ dataset: _ }, signal) => {
    await clock.sleep(chance.between(50, 3_000), signal);
    const trainer: Trainer = {
      report: {
        backend: "simd",
        backendDetail: "simulated",
        stepMilliseconds: 1000 * epochSeconds / STEPS,
        measurements: [],
      },
      async train(spec, { onEpoch }, signal) {
        const dies = risky(faults.trainerDies);
        const hangs = risky(faults.trainerHangs);
        const last = chance.below(spec.recipe.epochs) + 1;
        const begin = time.now;
        try {
          for (let epoch = 1; epoch <= spec.recipe.epochs; epoch++) {
            const pace = epochSeconds * chance.between(0.9, 1.1);
            await clock.sleep(pace * 1000, signal);
            if (dies && epoch === last) throw new Error("simulated: died");
            if (hangs && epoch === last) {
              await clock.sleep(TRAINER_PATIENCE, signal);
              throw new Error("simulated: hung");
            }
            onEpoch(truth(spec, epoch));
          }
          await clock.sleep(READING, signal);
        } catch (error) {
          if (signal.aborted) return null;
          throw error;
        }
        const seconds = Math.round(time.now - begin) / 1000;
        return { result: trueResult(spec, seconds), weights: null };
      },
      close() {},
    };
    return trainer;
  };
}

export interface Volunteer {
  /** Resolves when it has left for good; a dead one never does. */
  readonly done: () => boolean;
}

/**
 * A person with a device: runs the real session in one process after another,
 * as long as processes die. Joins until the study is complete.
 */
export function honestVolunteer(
  world: World,
  chance: Chance,
  name: string,
): Volunteer {
  const { time, faults, trace } = world;
  const epochSeconds = chance.pick([2, 5, 5, 10, 60]);
  const threads = chance.pick([1, 1, 1, 2]);
  let done = false;

  function join(): void {
    const process = new Process(time);
    const leave = new AbortController();
    trace(`${name} joins`);
    runSession({
      client: simulatedClient(world, process),
      startTrainer: trainers(world, process, chance, epochSeconds),
      clock: process.clock,
      random: chance.unit,
      newId: chance.uuid,
      onEvent: (event) => {
        if (event.type !== "progress" && event.type !== "epoch") {
          trace(`${name}: ${JSON.stringify(event).slice(0, 200)}`);
        }
      },
      worker: { kind: "deno", threads, name },
      signal: leave.signal,
      exitWhenComplete: true,
    }).then((end) => ended(process, end));
    misfortune(process, leave);
  }

  function ended(process: Process, end: SessionEnd): void {
    process.kill();
    // People try again; and none gives up before the study has ended.
    if (end.reason === "study-complete") done = true;
    else time.after(chance.between(1_000, 120_000), join);
  }

  function misfortune(process: Process, leave: AbortController): void {
    const wait = -Math.log(1 - chance.unit()) * faults.misfortune;
    time.after(wait, () => {
      if (!process.alive || time.now >= faults.end) return;
      switch (chance.pick(["die", "freeze", "leave"])) {
        case "die":
          trace(`${name} is killed`);
          process.kill();
          time.after(chance.between(1_000, 300_000), join);
          return;
        case "freeze":
          trace(`${name} freezes`);
          process.freeze(chance.between(1_000, 600_000));
          break;
        case "leave":
          trace(`${name} leaves`);
          leave.abort(new Error("simulated: leaves"));
          return;
      }
      misfortune(process, leave);
    });
  }

  time.after(chance.between(0, 60_000), join);
  return { done: () => done };
}
