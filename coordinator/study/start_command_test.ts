import assert from "node:assert/strict";
import { StudyDefinition } from "../../protocol/study.ts";
import { parseStartOptions } from "../cli/options.ts";
import { builtinStudies, gridStudy, seedStudy } from "./builtin.ts";
import { planStudy, type StudyOverrides } from "./plan.ts";
import { startCommand } from "./builtin.ts";

/** What a shell makes of the command's flags. */
const argsOf = (command: string) =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)]
    .map(([, quoted, plain]) => quoted ?? plain ?? "")
    .slice(3);

Deno.test("startCommand: running it plans the very study again", () => {
  const overrides: StudyOverrides[] = [
    {},
    { replicates: 5 },
    { epochs: 2, replicates: 1 },
    { points: [{ dropout1: 0.2, dropout2: 0.5 }] },
  ];
  for (const study of [seedStudy, gridStudy]) {
    for (const override of overrides) {
      const { definition } = planStudy(study, override);
      const command = startCommand(definition);
      const options = parseStartOptions(argsOf(command), 1);
      const found = builtinStudies.get(options.study);
      assert.ok(found, command);
      assert.deepEqual(planStudy(found, options).definition, definition);
    }
  }
});

Deno.test("startCommand names a file for a study that flags do not make", () => {
  const own = StudyDefinition.parse({ ...seedStudy, id: "mine" });
  assert.equal(startCommand(own), "deno task start --study mine.json");
  const changed = StudyDefinition.parse({ ...seedStudy, seed: 7 });
  assert.equal(startCommand(changed), "deno task start --study seed.json");
});
