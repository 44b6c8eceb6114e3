import * as Comlink from "comlink";
import { createClient } from "../../worker/client.ts";
import { type OwnConnection, ownConnection } from "./connection.ts";
import { createCycler, type CyclesRequest, type CyclesSeen } from "./cycles.ts";
import { addLatency } from "./latencies.ts";
import { createSeen, metered, type Seen } from "./meter.ts";
import { secondsPerTrial, type TrialDuration } from "./pace.ts";
import { giveWay } from "./priority.ts";
import { type Accepted, runVolunteer, sleep } from "./volunteer.ts";

/** A thread of simulated volunteers; `crowd.ts` is the other side. */

export interface JoinRequest {
  readonly url: string;
  /** Number of the first volunteer, unique in the whole swarm. */
  readonly first: number;
  readonly count: number;
  /** New volunteers a second. */
  readonly perSecond: number;
  readonly pace: TrialDuration;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

export interface CrowdApi {
  /** From now on the coordinator's threads have priority. */
  giveWay(): Promise<void>;
  /** Adds volunteers one after another; resolves when all have started. */
  join(request: JoinRequest): Promise<void>;
  /** All leave, this many a second; resolves to why any ended early. */
  leave(perSecond: number): Promise<string[]>;
  collect(): Promise<Seen>;
  heardSince(moment: number): Promise<number>;
  accepted(): Promise<Accepted[]>;
  /** Abandoned trials by reason. */
  abandoned(): Promise<Record<string, number>>;
  /** Runs lease, report, complete at a fixed rate. */
  cycles(request: CyclesRequest): Promise<CyclesSeen>;
}

interface Volunteer {
  readonly connection: OwnConnection;
  readonly leaving: AbortController;
  readonly ended: Promise<void>;
  heardAt: number;
}

/** Milliseconds between checks of how late timers are. */
const TICK = 20;

let seen = createSeen();
const volunteers: Volunteer[] = [];
const accepted: Accepted[] = [];
const abandoned: Record<string, number> = {};
const troubles: string[] = [];
const cycler = createCycler(addressOf, (result) => accepted.push(result));

let due = performance.now() + TICK;
setInterval(() => {
  const now = performance.now();
  addLatency(seen.lag, Math.max(0, now - due));
  due = now + TICK;
}, TICK);

function begin(index: number, request: JoinRequest): void {
  const { url, epochs, stepsPerEpoch, pace } = request;
  const connection = ownConnection(url, addressOf(index));
  const leaving = new AbortController();
  const client = metered(
    createClient({ url, fetch: connection.fetch }),
    () => seen,
    () => volunteer.heardAt = Date.now(),
  );
  const volunteer: Volunteer = {
    connection,
    leaving,
    heardAt: 0,
    ended: runVolunteer({
      client,
      name: `volunteer ${index}`,
      secondsPerEpoch: secondsPerTrial(index, pace) / epochs,
      stepsPerEpoch,
      signal: leaving.signal,
      onAccepted: (result) => accepted.push(result),
      onAbandoned: (reason) => abandoned[reason] = (abandoned[reason] ?? 0) + 1,
    }).then((end) => {
      if (end.reason === "failed") troubles.push(end.message);
      connection.close();
    }),
  };
  volunteers.push(volunteer);
}

/** One of sixteen million addresses, for the coordinator's limits. */
function addressOf(index: number): string {
  return `10.${index >> 16 & 255}.${index >> 8 & 255}.${index & 255}`;
}

/** Calls `act` for 0, 1, 2 …, this many a second. */
async function atRate(
  count: number,
  perSecond: number,
  act: (index: number) => void,
): Promise<void> {
  const start = performance.now();
  for (let i = 0; i < count;) {
    const until = (performance.now() - start) / 1000 * perSecond;
    for (; i < count && i <= until; i++) act(i);
    if (i < count) await sleep(5, new AbortController().signal);
  }
}

const api: CrowdApi = {
  giveWay: () => Promise.resolve(giveWay()),
  async join(request) {
    const { first, count, perSecond } = request;
    await atRate(count, perSecond, (i) => begin(first + i, request));
  },
  async leave(perSecond) {
    await atRate(volunteers.length, perSecond, (i) => {
      volunteers[i]?.leaving.abort(new Error("the bench is over"));
    });
    await Promise.all(volunteers.map(({ ended }) => ended));
    return troubles;
  },
  collect() {
    const collected = seen;
    seen = createSeen();
    return Promise.resolve(collected);
  },
  heardSince: (moment) =>
    Promise.resolve(volunteers.filter((v) => v.heardAt >= moment).length),
  accepted: () => Promise.resolve(accepted),
  abandoned: () => Promise.resolve(abandoned),
  cycles: (request) => cycler(request),
};

Comlink.expose(api);
