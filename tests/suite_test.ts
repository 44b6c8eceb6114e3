import assert from "node:assert/strict";
import { testsIn, testsOfGroups } from "../testing/together/import_tests.ts";

const root = new URL("../", import.meta.url);

Deno.test("deno task test runs each test file, and runs it once", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  const named = tasks.test.command.split(" ");
  const files = ["mod_test.ts"];
  for await (const { name, isDirectory } of Deno.readDir(root)) {
    if (isDirectory && /^[a-z]/.test(name) && name !== "node_modules") {
      files.push(...await Array.fromAsync(testsIn(name)));
    }
  }
  const grouped = await testsOfGroups();
  const runs = (file: string) =>
    grouped.filter((path) => path === file).length +
    named.filter((path: string) => `${file}/`.startsWith(`${path}/`)).length;
  assert.ok(files.length > 100, `only ${files.length} files were found`);
  assert.deepEqual(files.filter((file) => runs(file) !== 1), []);
});
