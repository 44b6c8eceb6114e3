import assert from "node:assert/strict";
import {
  acquire,
  leaseRequest,
  swarmTest as test,
  type TestSwarm,
} from "../../testing/app_fixture.ts";
import type { StudyId, WorkerId } from "../../protocol/ids.ts";
import { Lease, RegisterResponse } from "../../protocol/lease.ts";
import { smallStudy, trained } from "../../testing/lease/fixtures.ts";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/** How the operator removes a worker. */

const seed = "seed" as StudyId;
const study = smallStudy({ rates: [0.2], replicates: 3 });

async function register(swarm: TestSwarm): Promise<RegisterResponse> {
  const response = await swarm.call("POST", "/api/workers", {
    json: { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads: 1 },
  });
  return RegisterResponse.parse(await response.json());
}

function remove(swarm: TestSwarm, workerId: WorkerId, query = "") {
  return swarm.call("DELETE", `/api/workers/${workerId}${query}`, {
    token: swarm.adminToken,
  });
}

async function complete(swarm: TestSwarm, token: string): Promise<Lease> {
  const lease = await acquire(swarm, token);
  const { leaseId, attempt } = lease;
  const response = await swarm.call(
    "POST",
    `/api/leases/${leaseId}/complete`,
    { token, json: { attempt, result: trained() } },
  );
  assert.equal(response.status, 200);
  return lease;
}

/** A worker that fails at every trial. */
async function sabotage(swarm: TestSwarm, token: string): Promise<void> {
  for (;;) {
    const response = await swarm.call("POST", "/api/leases", {
      token,
      json: leaseRequest,
    });
    if (response.status !== 200) return;
    const { leaseId, attempt } = Lease.parse(await response.json());
    await swarm.call("POST", `/api/leases/${leaseId}/release`, {
      token,
      json: { attempt, reason: "failed", message: "no" },
    });
  }
}

test(
  "three unknown workers can quarantine a study, and removing one of them reverses that",
  async (swarm) => {
    const strangers = [
      await register(swarm),
      await register(swarm),
      await register(swarm),
    ];
    for (const { token } of strangers) await sabotage(swarm, token);
    const { quarantined } = await swarm.coordinator.progress(seed);
    assert.equal(quarantined, study.trials.length);
    for (const { workerId } of strangers) {
      assert.equal((await remove(swarm, workerId)).status, 204);
    }
    const { token } = await register(swarm);
    for (const _ of study.trials) await complete(swarm, token);
    const { completed, complete: done } = await swarm.coordinator.progress(
      seed,
    );
    assert.deepEqual([completed, done], [study.trials.length, true]);
  },
  { study },
);

test(
  "a removed worker's results stay, or their trials are leased again if the operator wants it",
  async (swarm) => {
    const [kept, doubted] = [await register(swarm), await register(swarm)];
    await complete(swarm, kept.token);
    const { trial } = await complete(swarm, doubted.token);
    await remove(swarm, kept.workerId);
    assert.equal((await swarm.coordinator.progress(seed)).completed, 2);
    const odd = await remove(swarm, doubted.workerId, "?results=all");
    assert.equal(odd.status, 400);
    await remove(swarm, doubted.workerId, "?results=withdraw");
    assert.equal((await swarm.coordinator.progress(seed)).completed, 1);
    const again = await acquire(swarm, (await register(swarm)).token);
    assert.equal(again.trial.trialId, trial.trialId);
  },
  { study },
);
