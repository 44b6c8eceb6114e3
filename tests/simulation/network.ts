import type { Chance } from "./chance.ts";
import { type Faults, type NetworkFaults, noNetworkFaults } from "./faults.ts";
import type { Process, VirtualTime } from "./virtual_time.ts";

/** A request as it travels: sent once, and perhaps delivered twice. */
export interface Letter {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | null;
}

/**
 * Hands a letter to the coordinator's host. Resolves to its answer, or to null
 * where the connection ends without one.
 */
export type Deliver = (letter: Letter) => Promise<Response | null>;

export interface Network {
  /** A process's own way to the coordinator, in the shape of `fetch`. */
  fetchFrom(process: Process): typeof fetch;
  readonly counts: NetworkCounts;
}

export interface NetworkCounts {
  sent: number;
  requestsLost: number;
  repliesLost: number;
  repeated: number;
  delayed: number;
  cut: number;
}

/** Milliseconds after which a lost connection is noticed, if it is. */
const NOTICED = 3_000;

/**
 * A network between volunteers and coordinator that loses, delays, repeats and
 * reorders what it carries until the world's faults end. Requests may arrive
 * long after their sender has given up.
 */
export function createNetwork(
  time: VirtualTime,
  chance: Chance,
  faults: Faults,
  deliver: Deliver,
): Network {
  const counts: NetworkCounts = {
    sent: 0,
    requestsLost: 0,
    repliesLost: 0,
    repeated: 0,
    delayed: 0,
    cut: 0,
  };
  const now = (): NetworkFaults =>
    time.now < faults.end ? faults.network : noNetworkFaults;

  function latency(): number {
    const usual = chance.between(5, 150);
    if (!chance.happens(now().delay)) return usual;
    counts.delayed++;
    // Past the client's patience of 20 seconds as often as not.
    return chance.between(1_000, 90_000) * chance.unit();
  }

  /** One way there and back; `answer` may be called after others have. */
  function carry(
    process: Process,
    letter: Letter,
    answer: (response: Response | null) => void,
  ): void {
    if (chance.happens(now().loseRequest)) {
      counts.requestsLost++;
      return;
    }
    time.after(latency(), () => {
      deliver(letter).then((response) => {
        if (chance.happens(now().loseReply)) {
          counts.repliesLost++;
          return;
        }
        process.after(latency(), () => answer(response));
      });
    });
  }

  return {
    counts,
    fetchFrom: (process) => (input, init) =>
      new Promise<Response>((resolve, reject) => {
        const signal = init?.signal ?? null;
        if (signal?.aborted) return reject(signal.reason);
        signal?.addEventListener("abort", () => reject(signal.reason), {
          once: true,
        });
        if (!process.alive) return;
        const { body = null } = init ?? {};
        if (body !== null && typeof body !== "string") {
          throw new Error("the simulated network carries text alone");
        }
        const letter: Letter = {
          method: init?.method ?? "GET",
          url: String(input),
          headers: new Headers(init?.headers),
          body,
        };
        counts.sent++;
        const { cut, repeat } = now();
        const lost = () => reject(new TypeError("connection reset"));
        if (chance.happens(cut)) {
          counts.cut++;
          process.after(chance.between(0, NOTICED), lost);
        }
        let copies = 1;
        if (chance.happens(repeat)) {
          counts.repeated++;
          copies++;
        }
        for (let n = 0; n < copies; n++) {
          carry(process, letter, (response) => {
            if (response === null) lost();
            else resolve(response);
          });
        }
      }),
  };
}
