import assert from "node:assert/strict";
import { join } from "node:path";
import { Leaderboard } from "../protocol/leaderboard.ts";
import {
  SwarmEvent,
  TrialPage,
  TrialView,
  WorkerList,
} from "../protocol/views.ts";
import { createLeaseGate, startBalancer } from "./balancer.ts";
import { startPostgres } from "./postgres/server.ts";
import { type RunningCommand, runScript } from "./processes.ts";
import { freePort, get, until, writeTinyStudy } from "./tiny_study.ts";

const REPLICATES = 4;

/** The events that a page on this coordinator receives until it is closed. */
function pageOn(url: string) {
  const events: SwarmEvent[] = [];
  const closing = new AbortController();
  const reading = (async () => {
    const answer = await fetch(`${url}/api/events`, { signal: closing.signal });
    assert.ok(answer.body);
    let text = "";
    for await (const some of answer.body.pipeThrough(new TextDecoderStream())) {
      text += some;
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      for (const message of messages) {
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (data !== undefined) events.push(SwarmEvent.parse(JSON.parse(data)));
      }
    }
  })().catch(() => {});
  return {
    events,
    async close() {
      closing.abort();
      await reading;
    },
  };
}

Deno.test("a fleet of coordinators on PostgreSQL completes a study although one is killed, one is added and the database is restarted", async () => {
  const folder = await Deno.makeTempDir({ prefix: "fleet-test-" });
  const processes: RunningCommand[] = [];
  await using server = await startPostgres();
  try {
    const study = await writeTinyStudy(folder, {
      replicates: REPLICATES,
      epochs: 10,
      examples: 1000,
    });
    const database = await server.createDatabase();
    const run = (script: string, args: string[]) => {
      const env = { SWARM_CACHE: join(folder, "cache") };
      const command = runScript(script, args, { env });
      processes.push(command);
      return command;
    };
    const coordinate = () => {
      const port = freePort();
      const command = run("coordinator/main.ts", [
        ...["--study", study.path, "--data", study.data, "--db", database],
        ...["--port", String(port), "--workers", "0", "--lease-seconds", "30"],
        ...["--trust-proxy", "loopback", "--log", "json"],
      ]);
      return { url: `http://127.0.0.1:${port}`, command };
    };
    const boardOf = (url: string) =>
      get(`${url}/api/studies/${study.id}/leaderboard`, Leaderboard);

    // Two start at the same time on an empty database.
    const [first, second] = [coordinate(), coordinate()];
    for (const { url } of [first, second]) {
      await until(
        () => boardOf(url),
        ({ progress }) => progress.total === study.trials,
      );
    }
    const tokens = [first, second].filter(({ command }) =>
      /admin token/.test(command.output())
    );
    assert.equal(tokens.length, 1, "one of them has made the admin token");

    // The study is not to be over before all of this has happened.
    const gate = createLeaseGate(4);
    await using balancer = startBalancer([first.url, second.url], gate);
    const page = pageOn(second.url);
    const workers = ["ada", "bob"].map((name) =>
      run("worker/main_deno.ts", [
        ...[balancer.url, "--name", name, "--threads", "1"],
        ...["--backend", "simd", "--exit"],
      ])
    );
    const board = () => boardOf(balancer.url);
    await until(board, ({ progress }) => progress.completed >= 2);
    // These looks go through it too, to one after the other.
    await until(
      board,
      () =>
        [first, second].every(({ url }) =>
          (balancer.passed.get(url) ?? 0) > 10
        ),
    );

    // One is killed: the balancer finds the other, the page hears of the rest.
    first.command.kill("SIGKILL");
    await first.command.ended;
    const { progress: { completed } } = await board();
    gate.allow(6);
    await until(board, ({ progress }) => progress.completed >= completed + 2);

    // Another one joins, and the database goes down as in a crash.
    const third = coordinate();
    await until(() => boardOf(third.url), () => true);
    balancer.use([second.url, third.url]);
    const late = pageOn(third.url);
    gate.allow(2);
    await server.down("immediate");
    const refused = await fetch(`${second.url}/api/studies`);
    await refused.body?.cancel();
    assert.equal(refused.status, 503);
    assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
    await server.up();
    gate.allow(Infinity);
    const done = await until(board, ({ progress }) => progress.complete);
    for (const worker of workers) {
      assert.equal((await worker.ended).code, 0, worker.output());
    }

    // Each trial is completed and credited once, and both coordinators agree.
    assert.equal(done.progress.completed, study.trials);
    assert.equal(done.progress.quarantined, 0);
    for (const row of done.rows) assert.equal(row.replicatesDone, REPLICATES);
    const path = `/api/studies/${study.id}/trials?limit=500`;
    const { trials } = await get(`${third.url}${path}`, TrialPage);
    for (const { trialId } of trials) {
      const at = (url: string) =>
        get(`${url}/api/trials/${trialId}`, TrialView);
      const [one, other] = [await at(second.url), await at(third.url)];
      assert.deepEqual(one, other);
      assert.equal(
        one.attempts.filter(({ state }) => state === "completed").length,
        1,
        JSON.stringify(one.attempts),
      );
      assert.equal(one.result?.epochs.length, study.epochs);
    }
    const list = await get(`${second.url}/api/workers?limit=500`, WorkerList);
    const credit = list.workers.reduce((n, w) => n + w.trialsCompleted, 0);
    assert.equal(credit, study.trials);
    // Each may return a cached leaderboard.
    const complete = ({ url }: { readonly url: string }) =>
      until(() => boardOf(url), ({ progress }) => progress.complete);
    const [a, b] = [await complete(second), await complete(third)];
    assert.deepEqual(a.rows, b.rows);
    assert.deepEqual(a.verdicts, b.verdicts);
    assert.equal(a.revision, b.revision);

    // Pages heard of what went through the other coordinator, epochs too.
    const { revision } = a;
    for (const { events } of [page, late]) {
      await until(
        () => Promise.resolve(events),
        (events) =>
          events.some((e) => e.type === "changed" && e.revision === revision),
      );
      const epochs = events.filter(({ type }) => type === "epoch");
      assert.ok(epochs.length > 0);
    }
    const heard = new Set(
      page.events.flatMap((e) => e.type === "epoch" ? e.trialId : []),
    );
    assert.ok(heard.size > study.trials / 2, `${heard.size} trials' epochs`);
    for (const { close } of [page, late]) await close();
  } finally {
    for (const process of processes) process.kill("SIGKILL");
    await Promise.all(processes.map(({ ended }) => ended));
    await Deno.remove(folder, { recursive: true });
  }
});
