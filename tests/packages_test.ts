import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import config from "../deno.json" with { type: "json" };
import { lockFlags, taskCommands } from "./processes.ts";

/** What `deno task start` and `deno task join` download on a fresh machine. */

/** Packages that only tests need. */
const testTools = [
  ...["playwright-core", "axe-core", "fast-check", "selfsigned", "yaml"],
];

Deno.test("deno.json names no package and no lock file: deno task would download all of them", () => {
  assert.ok(!("imports" in config));
  assert.equal(config.lock, false);
});

Deno.test("every task that runs code uses deno.lock, and --quiet if users run it", () => {
  const tools = ["check", "test", "test:fast", "lock"];
  for (const [name, command] of Object.entries(taskCommands())) {
    if (name === "check") continue;
    assert.match(command, /^deno \w+ (--\S+ )?--lock=deno\.lock /, name);
    if (!tools.includes(name)) {
      assert.match(command, /^deno run --quiet \S+ --frozen /, name);
    }
  }
});

const Graph = z.object({
  modules: z.array(z.object({ specifier: z.string() })),
  npmPackages: z.record(
    z.string(),
    z.object({ name: z.string(), dependencies: z.array(z.string()) }),
  ),
});

for (
  const script of [
    ...["coordinator/main.ts", "worker/main_deno.ts", "web/build/main.ts"],
    ...["worker/trainer/trainer_thread.ts", "worker/backends/simd/build.ts"],
  ]
) {
  Deno.test(`${script} imports no package of the tests`, async () => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", ...lockFlags, script],
      cwd: fileURLToPath(new URL("../", import.meta.url)),
    }).output();
    const { modules } = Graph.parse(
      JSON.parse(new TextDecoder().decode(stdout)),
    );
    const names = modules.map(({ specifier }) => specifier);
    assert.ok(names.some((name) => name.endsWith(script)));
    for (const tool of testTools) {
      const pattern = new RegExp(`^npm:/?${tool}@`);
      assert.deepEqual(names.filter((name) => pattern.test(name)), []);
    }
  });
}
