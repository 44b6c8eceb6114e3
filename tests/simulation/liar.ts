import { LeaseId } from "../../protocol/ids.ts";
import type { Lease } from "../../protocol/lease.ts";
import type { TrialResult } from "../../protocol/training.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";
import {
  ProblemError,
  UnreachableError,
} from "../../worker/session/swarm_client.ts";
import type { Chance } from "./chance.ts";
import { Process } from "./virtual_time.ts";
import {
  simulatedClient,
  trueResult,
  truth,
  type World,
} from "./volunteers.ts";

/**
 * A volunteer that sends anything that might do harm: impossible results,
 * plausible false results, calls about other workers' leases, wrong attempts,
 * everything twice.
 *
 * @param hoards Renews leases forever without training, even after the world's
 * faults end; others stop then.
 */
export function liar(
  world: World,
  chance: Chance,
  name: string,
  hoards: boolean,
): void {
  const { time, faults, trace } = world;
  const process = new Process(time);
  const client = simulatedClient(world, process);
  const { signal } = new AbortController();
  const tokens: string[] = [];
  const held: { readonly token: string; readonly lease: Lease }[] = [];
  const said: (() => Promise<unknown>)[] = [];

  /** Says it now, and perhaps again much later. */
  const say = async (call: () => Promise<unknown>) => {
    said.push(call);
    await call();
  };

  async function register(): Promise<void> {
    const { token } = await client.register({
      protocolVersion: PROTOCOL_VERSION,
      kind: "browser",
      name,
      threads: chance.below(3) + 1,
    }, signal);
    tokens.push(token);
  }

  async function acquire(token: string): Promise<void> {
    const known = chance.happens(0.2) && world.leases.length > 0
      ? chance.pick(world.leases).leaseId
      : LeaseId.parse(chance.uuid());
    const { lease } = await client.acquire(token, {
      backend: "cpu",
      leaseId: known,
      ...chance.happens(0.5) ? {} : { stepMilliseconds: 0.01 },
    }, signal);
    if (lease !== null) held.push({ token, lease });
  }

  function lie({ trial }: Lease): TrialResult {
    const result = trueResult(trial, 1);
    switch (chance.pick(["cannot be", "could be", "copied", "short"])) {
      case "cannot be":
        return {
          ...result,
          epochs: result.epochs.map((e) => ({ ...e, testLoss: 0 })),
        };
      case "could be": {
        const by = chance.between(0, 0.2);
        const epochs = result.epochs.map((e) => ({
          ...e,
          testLoss: e.testLoss + by,
        }));
        return { ...result, epochs };
      }
      case "copied": {
        const other = chance.pick(world.leases).trial;
        return trueResult(other, chance.between(1, 9));
      }
      default:
        return { ...result, epochs: result.epochs.slice(1) };
    }
  }

  /** A call about a lease: its own or not, with a true attempt or not. */
  async function aboutLease(token: string): Promise<void> {
    const own = held.length === 0 ? null : chance.pick(held);
    if (own !== null && chance.happens(0.7)) {
      const { lease } = own;
      const { leaseId, trial } = lease;
      const attempt = lease.attempt +
        (chance.happens(0.3) ? chance.pick([-1, 1]) : 0);
      if (attempt < 1) return;
      await call(own.token, leaseId, attempt, lie(lease), trial);
    } else if (world.leases.length > 0) {
      const { leaseId, trial, attempt } = chance.pick(world.leases);
      if (held.some(({ lease }) => lease.leaseId === leaseId)) return;
      await call(token, leaseId, attempt, trueResult(trial, 1), trial);
    }
  }

  function call(
    token: string,
    leaseId: LeaseId,
    attempt: number,
    result: TrialResult,
    trial: Lease["trial"],
  ): Promise<void> {
    const first = chance.below(trial.recipe.epochs + 1) + 1;
    const epochs = [first, first + 1].slice(chance.below(2)).map((epoch) => ({
      ...truth(trial, epoch),
      testLoss: chance.between(0, 2),
    }));
    switch (chance.pick(["renew", "report", "complete", "release"])) {
      case "renew":
        return say(() => client.renew(token, leaseId, { attempt }, signal));
      case "report":
        return say(() =>
          client.report(token, leaseId, { attempt, epochs }, signal)
        );
      case "complete":
        return say(() =>
          client.complete(token, leaseId, { attempt, result }, signal)
        );
      default: {
        const reason = chance.pick(["failed", "leaving"] as const);
        return say(() =>
          client.release(token, leaseId, { attempt, reason }, signal)
        );
      }
    }
  }

  async function act(): Promise<void> {
    const [token] = tokens.slice(-1);
    if (token === undefined || chance.happens(0.02)) return await register();
    if (chance.happens(0.3)) return await acquire(token);
    if (hoards) {
      for (const { token, lease: { leaseId, attempt } } of held.slice(-3)) {
        await client.renew(token, leaseId, { attempt }, signal);
      }
      return;
    }
    if (chance.happens(0.2) && said.length > 0) {
      await chance.pick(said)();
      return;
    }
    if (chance.happens(0.03)) return await client.leave(token, signal);
    await aboutLease(token);
  }

  function later(): void {
    process.after(chance.between(500, 20_000), () => {
      if (time.now >= faults.end && !hoards) return;
      act().catch((error) => {
        if (error instanceof ProblemError) {
          trace(`${name}: ${error.problem.type}`);
        } else if (!(error instanceof UnreachableError)) throw error;
      }).finally(later);
    });
  }

  later();
}
