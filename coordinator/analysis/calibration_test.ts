import assert from "node:assert/strict";
import { byRankedMetric } from "../../protocol/metrics.ts";
import { type BestByMetric, judgeClaims } from "./claims/judge.ts";
import { claims } from "./claims/registry.ts";
import { probabilityBest } from "./statistics/probability_best.ts";
import { ALPHA } from "./statistics/statistics.ts";
import { type PointData, valuesOf } from "./study_data.ts";
import {
  normals,
  simulateStudy,
  type TrueStudy,
} from "../../testing/studies/simulated_study.ts";
import {
  measured,
  noises,
  rightVerdicts,
  withoutEffect,
  worlds,
} from "../../testing/studies/worlds.ts";

/*
 * Simulated studies whose truth is known: how often is a verdict wrong, and how
 * often is a claim settled? With SWARM_CALIBRATION=600,
 * `deno test -A coordinator/analysis/calibration_test.ts` prints the tables that
 * docs/statistics.md quotes.
 */

/** Studies of each kind. */
const STUDIES = Number(Deno.env.get("SWARM_CALIBRATION") || 200);
/** One-sided 1% limit on the share seen when the true one is ALPHA. */
const LIMIT = ALPHA + 2.33 * Math.sqrt(ALPHA * (1 - ALPHA) / STUDIES);

const noProbabilities: BestByMetric = byRankedMetric(() => []);

interface Tally {
  readonly wrong: Map<string, number>;
  readonly settled: Map<string, number>;
  anyWrong: number;
}

function run(
  study: TrueStudy,
  replicates: number,
  normal: () => number,
): Tally {
  const right = rightVerdicts(study);
  const tally: Tally = { wrong: new Map(), settled: new Map(), anyWrong: 0 };
  const count = (map: Map<string, number>, id: string) =>
    map.set(id, (map.get(id) ?? 0) + 1);
  for (let i = 0; i < STUDIES; i++) {
    const data = simulateStudy(study, replicates, normal);
    let wrong = false;
    for (const { claim, verdict } of judgeClaims(data, noProbabilities)) {
      if (verdict !== "not-enough-evidence") count(tally.settled, claim.id);
      if (right.get(claim.id)?.includes(verdict)) continue;
      count(tally.wrong, claim.id);
      wrong = true;
    }
    if (wrong) tally.anyWrong += 1;
  }
  return tally;
}

const percent = (count: number) =>
  `${(100 * count / STUDIES).toFixed(1)}%`.padStart(7);

for (const [name, study] of worlds) {
  for (const [noise, noisy] of Object.entries(noises)) {
    Deno.test(`judgeClaims: at most 5% of studies have a wrong verdict, ${name}, ${noise} noise`, () => {
      const right = rightVerdicts(study);
      const tallies = [3, 5, 10].map((replicates) => {
        return run(study, replicates, noisy(normals(1000 + replicates)));
      });
      console.log(`${name}, ${noise} noise: settled (wrong) at 3, 5, 10`);
      for (const [{ id }] of claims) {
        const cells = tallies.map(({ settled, wrong }) =>
          `${percent(settled.get(id) ?? 0)} (${
            percent(wrong.get(id) ?? 0).trim()
          })`.padEnd(16)
        );
        const truth = right.get(id)?.find((verdict) =>
          verdict !== "not-enough-evidence"
        ) ?? "boundary";
        console.log(`  ${id.padEnd(30)} ${truth.padEnd(13)}${cells.join("")}`);
      }
      const any = tallies.map(({ anyWrong }) => percent(anyWrong).padEnd(16));
      console.log(`  ${"any claim wrong".padEnd(44)}${any.join("")}`);
      for (const { wrong, anyWrong } of tallies) {
        assert.ok(anyWrong / STUDIES <= LIMIT, `${name}: ${anyWrong}`);
        for (const [id, count] of wrong) {
          assert.ok(count / STUDIES <= LIMIT, `${name}, ${id}: ${count}`);
        }
      }
    });
  }
}

Deno.test("judgeClaims: has enough power for the conclusions of PyTorch's figures", () => {
  const settled = (replicates: number, id: string) =>
    (run(measured, replicates, normals(7)).settled.get(id) ?? 0) / STUDIES;
  assert.ok(settled(3, "high-rates") > 0.95);
  assert.ok(settled(5, "swap") > 0.95);
  assert.ok(settled(10, "lowest-train-loss") > 0.8);
});

Deno.test("probabilityBest: is calibrated", () => {
  const metric = "trainLoss";
  const truth = simulateStudy(measured, 1, () => 0);
  const best = truth.reduce((a, b) =>
    (valuesOf(b, metric)[0] ?? NaN) < (valuesOf(a, metric)[0] ?? NaN) ? b : a
  );
  for (const replicates of [3, 5, 10]) {
    const normal = normals(77 + replicates);
    let [said, right, high, highRight] = [0, 0, 0, 0];
    for (let i = 0; i < 200; i++) {
      const data = simulateStudy(measured, replicates, normal);
      const found = probabilityBest(
        data.map((point) => valuesOf(point, metric)),
      );
      const top = Math.max(...found);
      const leader = data[found.indexOf(top)];
      const hit = leader?.params === best.params ? 1 : 0;
      said += top;
      right += hit;
      if (top >= 0.9) {
        high += 1;
        highRight += hit;
      }
    }
    console.log(
      `probability of the leader at ${replicates}: said ` +
        `${(said / 2).toFixed(0)}%, right ${(right / 2).toFixed(0)}%; said ` +
        `90% or more ${high} of 200 times, right ${highRight}`,
    );
    // Neighbours lie 0.003 apart with spreads of 0.008 to 0.015, so no point
    // can be the best with certainty.
    assert.ok(said / 200 - right / 200 < 0.15);
  }
});

/** Whether a world without effects has a wrong verdict after each number. */
function wrongAt(looks: readonly number[], normal: () => number): boolean[] {
  const right = rightVerdicts(withoutEffect);
  const data = simulateStudy(withoutEffect, Math.max(...looks), normal);
  return looks.map((replicates) => {
    const seen = data.map(({ params, cells }): PointData => ({
      params,
      cells: cells.slice(0, replicates),
    }));
    return judgeClaims(seen, noProbabilities).some(({ claim, verdict }) =>
      !right.get(claim.id)?.includes(verdict)
    );
  });
}

Deno.test("judgeClaims: interim verdicts are wrong more often, the final one is not", () => {
  const normal = normals(99);
  let [atSomeLook, atTheLast] = [0, 0];
  for (let i = 0; i < STUDIES; i++) {
    const wrong = wrongAt([2, 3, 4, 5, 6, 7, 8, 9, 10], normal);
    if (wrong.includes(true)) atSomeLook += 1;
    if (wrong.at(-1)) atTheLast += 1;
  }
  console.log(
    `no effect at all: any claim wrong at some look from 2 to 10 replicates` +
      `${percent(atSomeLook)}, at the last${percent(atTheLast)}`,
  );
  assert.ok(atTheLast / STUDIES <= LIMIT);
  assert.ok(atSomeLook > 2 * atTheLast);
});

Deno.test("judgeClaims: extending a study once hardly increases wrong verdicts", () => {
  for (const [planned, extended] of [[3, 5], [3, 10], [5, 10]] as const) {
    const normal = normals(4242 + planned + extended);
    let either = 0;
    for (let i = 0; i < STUDIES; i++) {
      if (wrongAt([planned, extended], normal).includes(true)) either += 1;
    }
    console.log(
      `no effect at all: any claim wrong at ${planned} or at ${extended} ` +
        `replicates${percent(either)}`,
    );
    assert.ok(either / STUDIES <= LIMIT, `${planned}, ${extended}: ${either}`);
  }
});
