import assert from "node:assert/strict";
import {
  delivery,
  leaseId,
  smallStudy,
  trained,
  workerId,
} from "../../testing/lease/fixtures.ts";
import { checkInvariants } from "./invariants.ts";
import { defaultPolicy } from "./policy.ts";
import { type Attempt, newTrial, type TrialRecord } from "./trial.ts";
import { transition } from "./transition.ts";

function trial(n = 0): TrialRecord {
  const spec = smallStudy().trials[n];
  assert.ok(spec);
  return newTrial(spec);
}

function leased(n = 0): TrialRecord {
  const result = transition(trial(n), {
    type: "lease",
    now: 5,
    leaseId: leaseId(n + 1),
    workerId: workerId(1),
    backend: "simd",
    backendDetail: null,
    ttl: 10,
    epochMilliseconds: null,
    pause: 0,
  }, defaultPolicy);
  assert.ok(result.ok);
  return result.trial;
}

function completed(): TrialRecord {
  const result = transition(leased(), {
    type: "complete",
    now: 6,
    leaseId: leaseId(1),
    workerId: workerId(1),
    attempt: 1,
    delivery: delivery(trained()),
    problems: [],
    verify: null,
  }, defaultPolicy);
  assert.ok(result.ok);
  return result.trial;
}

function first(record: TrialRecord): Attempt {
  const [attempt] = record.attempts;
  assert.ok(attempt);
  return attempt;
}

Deno.test("checkInvariants: finds no violations in valid trials", () => {
  const trials = [completed(), leased(1), trial(2)];
  const credit = new Map([[workerId(1), 1], [workerId(2), 0]]);
  assert.deepEqual(checkInvariants(trials, credit), []);
});

const done = completed();
const running = leased();
const violations: [RegExp, TrialRecord[]][] = [
  [/is at position 1/, [
    { ...running, attempts: [{ ...first(running), attempt: 2 }] },
  ]],
  [/queued with 1 running/, [
    { ...trial(), attempts: running.attempts, state: "queued" },
  ]],
  [/leased with 0 running/, [{ ...trial(), state: "leased" }]],
  [/quarantined with 1 running/, [
    {
      ...trial(),
      attempts: running.attempts,
      state: "quarantined",
      quarantinedAt: 1,
    },
  ]],
  [/queued with a completed attempt/, [
    { ...trial(), attempts: done.attempts, state: "queued" },
  ]],
  [/not its one completed attempt's/, [{ ...done, attempts: [] }]],
  [/3 attempts run at once/, [
    {
      ...running,
      attempts: [1, 2, 3].map((n) => ({
        ...first(running),
        attempt: n,
        leaseId: leaseId(n),
        workerId: workerId(n),
      })),
    },
  ]],
  [/two running attempts at one trial/, [
    {
      ...running,
      attempts: [
        first(running),
        { ...first(running), attempt: 2, leaseId: leaseId(9) },
      ],
    },
  ]],
  [/two attempts have the same lease id/, [running, {
    ...leased(1),
    attempts: running.attempts,
  }]],
];

for (const [words, trials] of violations) {
  Deno.test(`checkInvariants: finds ${words.source}`, () => {
    assert.match(checkInvariants(trials).join("\n"), words);
  });
}

Deno.test("checkInvariants: credit is one for each accepted result", () => {
  for (const credited of [0, 2]) {
    const credit = new Map([[workerId(1), credited]]);
    assert.match(
      checkInvariants([completed()], credit).join("\n"),
      /is credited \d results, not 1/,
    );
  }
});
