import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  checkInvariants,
  checkResult,
  createAnalyser,
  createClient,
  d2lChecks,
  defaultPolicy,
  type EpochMetrics,
  type HttpClient,
  type Leaderboard,
  leaderboardCsv,
  newTrial,
  openSwarm,
  parseStudy,
  planStudy,
  ProblemError,
  PROTOCOL_VERSION,
  type StudyPlan,
  type Swarm,
  transition,
  type TrialEvent,
  type TrialRecord,
  type TrialResult,
} from "./mod.ts";
import { leaseId, manifest, workerId } from "./testing/lease/fixtures.ts";
import { needsProcesses } from "./testing/needs_processes.ts";

/** What a user of the package can do, through its public surface alone. */

const tiny: StudyPlan = planStudy(parseStudy(JSON.stringify({
  id: "tiny",
  title: { en: "Tiny", zh: "小" },
  searchSpace: {
    points: [
      { dropout1: 0.2, dropout2: 0.5 },
      { dropout1: 0.5, dropout2: 0.2 },
    ],
  },
  replicates: 2,
  recipe: { epochs: 2 },
})));

/** An epoch's figures as training might yield them. */
function epoch(number: number, trainLoss: number): EpochMetrics {
  return {
    epoch: number,
    trainLoss,
    trainAccuracy: 0.8,
    trainLossDropoutOff: trainLoss - 0.05,
    testLoss: trainLoss - 0.02,
    testAccuracy: 0.82,
    seconds: 1,
  };
}

function trained(finalLoss: number): TrialResult {
  const last = epoch(2, finalLoss);
  return {
    outcome: "trained",
    epochs: [epoch(1, 0.9), last],
    backend: "cpu",
    seconds: 2,
    checks: d2lChecks(last),
  };
}

/** Losses that differ by grid point and replicate, in leasing order. */
const losses = [0.4, 0.45, 0.42, 0.48];

const never = new AbortController().signal;

async function withSwarm(
  use: (swarm: Swarm, client: HttpClient) => Promise<void>,
): Promise<void> {
  const swarm = await openSwarm({ plan: tiny, dataset: manifest });
  try {
    const client = createClient({
      url: "http://127.0.0.1",
      fetch: (input, init) => swarm.fetch(new Request(input, init)),
    });
    await use(swarm, client);
  } finally {
    await swarm.close();
  }
}

async function join(client: HttpClient): Promise<string> {
  const { token } = await client.register({
    protocolVersion: PROTOCOL_VERSION,
    kind: "deno",
    threads: 1,
  }, never);
  return token;
}

Deno.test("openSwarm leases a study until its leaderboard is complete", async () => {
  await withSwarm(async (swarm, client) => {
    const token = await join(client);
    const leased: string[] = [];
    for (;;) {
      const answer = await client.acquire(token, { backend: "cpu" }, never);
      if (answer.lease === null) {
        assert.equal(answer.reason, "study-complete");
        break;
      }
      const { leaseId, attempt, trial } = answer.lease;
      const result = trained(losses[leased.length] ?? NaN);
      leased.push(trial.trialId);
      const [first] = result.epochs;
      assert.ok(first);
      const report = { attempt, epochs: [first] };
      const said = await client.report(token, leaseId, report, never);
      assert.equal(said.directive, "continue");
      await client.complete(token, leaseId, { attempt, result }, never);
    }
    assert.deepEqual(leased, tiny.trials.map(({ trialId }) => trialId));

    const { progress, rows, verdicts } = await swarm.leaderboard();
    assert.deepEqual([progress.complete, progress.completed], [true, 4]);
    assert.deepEqual(
      rows.map(({ params, metrics: { trainLoss } }) => [
        params.dropout1,
        trainLoss.n,
        trainLoss.mean,
      ]),
      [[0.2, 2, 0.41], [0.5, 2, 0.465]],
    );
    assert.ok(verdicts.length > 0);
    assert.ok(verdicts.every(({ provisional }) => !provisional));
    assert.equal((await swarm.progress()).completed, 4);
  });
});

Deno.test("openSwarm refuses a result that training cannot yield", async () => {
  await withSwarm(async (swarm, client) => {
    const token = await join(client);
    const { lease } = await client.acquire(token, { backend: "cpu" }, never);
    assert.ok(lease);
    const { leaseId, attempt } = lease;
    // One in five wrong costs at least 0.2 ln 2 = 0.139 nats.
    const result = trained(0.1);
    assert.notDeepEqual(checkResult(lease.trial, result, []), []);
    await assert.rejects(
      client.complete(token, leaseId, { attempt, result }, never),
      (error) =>
        error instanceof ProblemError &&
        error.problem.type === "rejected-result",
    );
    assert.equal((await swarm.progress()).completed, 0);
  });
});

Deno.test("openSwarm without folders serves neither data nor pages", async () => {
  await withSwarm(async (swarm) => {
    const status = async (path: string) =>
      (await swarm.fetch(new Request(`http://127.0.0.1${path}`))).status;
    assert.deepEqual(
      [await status("/"), await status(manifest.files.testLabels.path)],
      [404, 404],
    );
    assert.equal(await status("/api/studies/tiny/leaderboard"), 200);
  });
});

Deno.test("createAnalyser makes of the same results what the swarm shows", () => {
  const analyser = createAnalyser(tiny.definition, tiny.trials);
  tiny.trials.forEach(({ trialId }, i) => {
    const result = trained(losses[i] ?? NaN);
    analyser.set(trialId, { state: "completed", result });
  });
  const leaderboard: Leaderboard = analyser.leaderboard({
    total: 4,
    completed: 4,
    leased: 0,
    queued: 0,
    quarantined: 0,
    complete: true,
    standstill: null,
    workersOnline: 0,
    trialsPerMinute: null,
    secondsLeft: 0,
  }, 1);
  assert.deepEqual(
    leaderboard.rows.map(({ metrics }) => metrics.trainLoss.mean),
    [0.41, 0.465],
  );
  // A heading, a line for each of two points, and the end of the last one.
  assert.equal(leaderboardCsv(leaderboard).split("\r\n").length, 4);
});

Deno.test("transition takes a late result of an expired lease", () => {
  const [spec] = tiny.trials;
  assert.ok(spec);
  const fence = { leaseId: leaseId(1), workerId: workerId(1) };
  const events: TrialEvent[] = [
    {
      type: "lease",
      now: 0,
      ...fence,
      backend: "cpu",
      backendDetail: null,
      epochMilliseconds: null,
      pause: 0,
      ttl: 30_000,
    },
    { type: "expire", now: 30_000 },
    {
      type: "complete",
      now: 60_000,
      ...fence,
      attempt: 1,
      delivery: { result: trained(0.4), weights: null },
      problems: [],
      verify: null,
    },
  ];
  const states = ["leased", "queued", "completed"];
  events.reduce<TrialRecord>((trial, event, i) => {
    const next = transition(trial, event, defaultPolicy);
    assert.ok(next.ok);
    assert.equal(next.trial.state, states[i]);
    assert.deepEqual(checkInvariants([next.trial]), []);
    return next.trial;
  }, newTrial(spec));
});

Deno.test(
  "mod.ts loads no TensorFlow.js and needs no permission to load",
  needsProcesses,
  async () => {
    const deno = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: fileURLToPath(new URL(".", import.meta.url)),
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const text = new TextDecoder();
      assert.equal(code, 0, text.decode(stderr));
      return text.decode(stdout);
    };
    const graph = await deno("info", "--json", "mod.ts");
    assert.match(graph, /coordinator\/open_swarm\.ts/);
    // A package.json says where its files lie, and runs nothing.
    assert.doesNotMatch(
      graph,
      /"specifier": "npm:\/?@tensorflow(?![^"]*\/package\.json")/,
    );
    await deno("run", "--no-prompt", "mod.ts");
  },
);
