import assert from "node:assert/strict";
import { Leaderboard } from "../../protocol/leaderboard.ts";
import type { Logged } from "../../testing/lease/fixtures.ts";
import { createVerdictLog } from "../service/leaderboards.ts";

const sample = Leaderboard.parse(
  JSON.parse(
    await Deno.readTextFile(
      new URL("../../docs/samples/seed.json", import.meta.url),
    ),
  ),
);

Deno.test("createVerdictLog logs a changed verdict once", () => {
  const logged: Logged[] = [];
  const note = createVerdictLog((level, message, fields = {}) => {
    logged.push({ level, message, fields });
  });
  const [first, ...rest] = sample.verdicts;
  assert.ok(first);
  const open = { ...first, verdict: "not-enough-evidence" } as const;
  const decided = { ...first, verdict: "supported" } as const;
  note({ studyId: sample.study.id, verdicts: [open, ...rest] });
  note({ studyId: sample.study.id, verdicts: [open, ...rest] });
  assert.deepEqual(logged, []);
  const now = { studyId: sample.study.id, verdicts: [decided, ...rest] };
  note(now);
  note(now);
  note({ ...now });
  assert.deepEqual(logged, [{
    level: "info",
    message: "verdict changed",
    fields: {
      studyId: sample.study.id,
      claimId: first.claimId,
      from: "not-enough-evidence",
      to: "supported",
    },
  }]);
});
