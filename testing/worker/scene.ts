import { runSession } from "../../worker/session/session.ts";
import type {
  SessionEnd,
  SessionEvent,
  SessionOptions,
} from "../../worker/session/session_types.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeSwarm } from "./fake_swarm.ts";
import { type FakeTrainers, fakeTrainers } from "./fake_trainers.ts";
import { uuid } from "./fixtures.ts";

/** A session with a fake environment. */
export interface Scene {
  readonly clock: FakeClock;
  readonly swarm: FakeSwarm;
  readonly trainers: FakeTrainers;
  readonly events: SessionEvent[];
  readonly leave: AbortController;
  /** Runs the session to its end. */
  readonly run: (more?: Partial<SessionOptions>) => Promise<SessionEnd>;
  /** Events of a type, in order. */
  readonly of: <Type extends SessionEvent["type"]>(
    type: Type,
  ) => Extract<SessionEvent, { type: Type }>[];
}

/** A coordinator with `trials` trials, and a worker that has not joined yet. */
export function scene(
  { trials = 1, threads = 1, ...setup }: {
    trials?: number;
    threads?: number;
    epochSeconds?: number;
    plan?: Parameters<typeof fakeTrainers>[2];
  } = {},
): Scene {
  const clock = new FakeClock();
  const swarm = new FakeSwarm(clock, trials);
  const trainers = fakeTrainers(clock, setup.epochSeconds, setup.plan);
  const events: SessionEvent[] = [];
  const leave = new AbortController();
  let ids = 0;
  return {
    clock,
    swarm,
    trainers,
    events,
    leave,
    run: (more = {}) =>
      clock.run(runSession({
        client: swarm,
        startTrainer: trainers.start,
        clock,
        random: () => 0.5,
        newId: () => uuid(++ids),
        onEvent: (event) => events.push(event),
        worker: { kind: "deno", threads, name: "ada" },
        signal: leave.signal,
        exitWhenComplete: true,
        ...more,
      })),
    of: (type) =>
      events.filter((
        event,
      ): event is Extract<typeof event, { type: typeof type }> =>
        event.type === type
      ),
  };
}
