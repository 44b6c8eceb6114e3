import assert from "node:assert/strict";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import {
  deviations,
  type Given,
  type GivenResult,
  judgeDeviations,
} from "./deviations.ts";
import { normals } from "../../testing/studies/simulated_study.ts";

/** Means and spreads of a real study: 15 points, from 0.6% to 14% apart. */
const sample = Leaderboard.parse(
  JSON.parse(
    await Deno.readTextFile(
      new URL("../../docs/samples/seed.json", import.meta.url),
    ),
  ),
);

interface World {
  readonly replicates: number;
  readonly workers: number;
  /** Whether noise has the tails of Student's t with 3 degrees of freedom. */
  readonly wild?: boolean;
  /** What the first worker trains in place of a point; default: the point. */
  readonly liar?: (point: number) => number;
  /** Worker of a trial; default: at random. */
  readonly share?: (replicate: number, point: number) => number;
}

/** A study as a swarm might give it, its figures drawn around the sample's. */
function drawn(
  { replicates, workers, wild = false, liar, share }: World,
  seed: number,
): GivenResult[] {
  const normal = normals(seed);
  const noise = () => {
    if (!wild) return normal();
    const chi = normal() ** 2 + normal() ** 2 + normal() ** 2;
    return normal() / Math.sqrt(chi);
  };
  const effects = Array.from({ length: replicates }, () => 0.02 * normal());
  const draw = (name: "trainLoss" | "testLoss", at: number, common: number) => {
    const { mean, sd } = sample.rows[at]!.metrics[name];
    return mean! * Math.exp(common + sd! / mean! * noise());
  };
  return effects.flatMap((effect, replicate) =>
    sample.rows.map((_, point) => {
      const worker = share?.(replicate, point) ??
        Math.abs(Math.floor(normal() * 1e6)) % workers;
      const trained = worker === 0 ? liar?.(point) ?? point : point;
      return {
        group: `worker ${worker}`,
        point: `${point}`,
        replicate,
        trainLoss: draw("trainLoss", trained, effect),
        testLoss: draw("testLoss", trained, effect),
      };
    })
  );
}

/** The point with the two rates swapped, or the point. */
function swapped(point: number): number {
  const { dropout1, dropout2 } = sample.rows[point]!.params;
  const found = sample.rows.findIndex(({ params }) =>
    params.dropout1 === dropout2 && params.dropout2 === dropout1
  );
  return found < 0 ? point : found;
}

const SWARMS = 100;

/** In how many swarms the liar is odd, and in how many an honest worker. */
function oddIn(world: World): { liar: number; honest: number } {
  let [liar, honest] = [0, 0];
  for (let seed = 1; seed <= SWARMS; seed++) {
    const odd = [...judgeDeviations(drawn(world, seed))]
      .filter(([, deviation]) => deviation.odd).map(([group]) => group);
    if (odd.includes("worker 0")) liar++;
    if (odd.some((group) => group !== "worker 0")) honest++;
  }
  return { liar, honest };
}

Deno.test("judgeDeviations: flags no honest worker under any noise", () => {
  for (const replicates of [3, 5, 20]) {
    for (const workers of [2, 5, 20]) {
      for (const wild of [false, true]) {
        const { liar, honest } = oddIn({ replicates, workers, wild });
        const told = JSON.stringify({ replicates, workers, wild });
        // With such wild tails, more than one study in a thousand has an odd group.
        const most = wild ? 4 : 2;
        assert.ok(liar + honest <= most, `${liar + honest} of 100: ${told}`);
      }
    }
  }
});

Deno.test("judgeDeviations: flags only the worker that swaps the rates", () => {
  const few = oddIn({ replicates: 5, workers: 5, liar: swapped });
  assert.ok(few.liar >= 70 && few.honest <= 2, JSON.stringify(few));
  const many = oddIn({ replicates: 20, workers: 20, liar: swapped });
  assert.ok(many.liar >= 60 && many.honest <= 2, JSON.stringify(many));
});

Deno.test("judgeDeviations: flags both of two workers that differ", () => {
  const both = oddIn({ replicates: 20, workers: 2, liar: swapped });
  assert.deepEqual(both, { liar: 100, honest: 100 });
});

Deno.test("judgeDeviations: does not flag a worker with a single replicate", () => {
  const share = (replicate: number, point: number) =>
    replicate === 0 ? 0 : 1 + point % 3;
  const lucky = oddIn({ replicates: 5, workers: 4, share });
  assert.ok(lucky.liar + lucky.honest <= 2, JSON.stringify(lucky));
});

const SIX = [0, 1, 2, 3, 4, 5];
/** Six replicates of six points, some percent apart, a worker each. */
const plain: Given[] = SIX.flatMap((point) =>
  SIX.map((replicate) => ({
    group: `${replicate}`,
    point: `${point}`,
    replicate,
    figure: (1 + point) * (1 + 0.01 * ((point * 3 + replicate * 5) % 7 - 3)),
  }))
);

Deno.test("deviations: several wrong results are needed to flag a worker", () => {
  const wrong = (times: number) =>
    deviations(
      plain.map((given) =>
        given.group === "0" && Number(given.point) < times
          ? { ...given, figure: 3 * given.figure }
          : given
      ),
    ).get("0")?.pValue ?? NaN;
  assert.ok(wrong(1) > 0.05, `${wrong(1)}`);
  assert.ok(wrong(3) < 1e-3, `${wrong(3)}`);
});

Deno.test("deviations: contains the numbers of points and results", () => {
  const found = deviations([
    ...plain,
    // Nobody else has this point.
    { group: "0", point: "own", replicate: 0, figure: 9 },
    { group: "alone", point: "its own", replicate: 0, figure: 9 },
    { group: "0", point: "1", replicate: 4, figure: 2 },
  ]);
  assert.equal(found.get("0")?.points, 6);
  assert.equal(found.get("0")?.results, 7);
  assert.equal(found.has("alone"), false);
  assert.equal(found.size, 6);
});

Deno.test("deviations: too few or equal results give none", () => {
  assert.equal(deviations(plain.slice(0, 8)).size, 0);
  assert.equal(deviations([]).size, 0);
  const equal = plain.map((given) => ({ ...given, figure: 1 }));
  assert.equal(deviations(equal).size, 0);
});
