import type { Address } from "../guard/address.ts";
import type { Guard } from "../guard/guard.ts";
import type { Secrets } from "../guard/secrets.ts";
import { orWait } from "../middleware/admission.ts";
import { ProblemError } from "../middleware/problems.ts";
import type { RegisterRequest } from "../protocol/swarm.ts";
import type { Coordinator } from "../swarm/coordinator.ts";

/** Milliseconds for which a count of workers is good enough. */
const COUNT_AGAIN = 1000;

/** Who may join: with the code, where one is asked for, and while there is room. */
export function createDoor(deps: {
  readonly coordinator: Pick<Coordinator, "workersOnline">;
  readonly guard: Guard;
  readonly secrets?: Secrets;
  readonly now: () => number;
}): (address: Address, request: RegisterRequest) => Promise<void> {
  const { coordinator, guard, secrets, now } = deps;
  let online = 0;
  let countedAt = -Infinity;

  return async (address, { joinCode }) => {
    if (secrets !== undefined && !secrets.mayJoin(undefined)) {
      orWait(guard.admitGuess(address), "guesses", "wrong join codes came");
      if (!secrets.mayJoin(joinCode)) {
        // No code at all is no guess.
        if (joinCode !== undefined) guard.wrongGuess(address);
        throw new ProblemError(
          "join-code",
          joinCode === undefined
            ? "this coordinator asks for a join code; " +
              "open the link or scan the code that its operator gives"
            : "the join code is not this coordinator's; " +
              "ask its operator for the present link",
        );
      }
    }
    if (now() - countedAt >= COUNT_AGAIN) {
      countedAt = now();
      online = await coordinator.workersOnline();
    }
    if (online >= guard.limits.workers) {
      throw new ProblemError(
        "unavailable",
        `the swarm is full: ${guard.limits.workers} workers are online; ` +
          "come back later",
        { headers: { "retry-after": "60" }, reason: "unavailable:workers" },
      );
    }
    online++;
  };
}
