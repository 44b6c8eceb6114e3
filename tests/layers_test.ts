import assert from "node:assert/strict";
import {
  impureCalls,
  layerViolations,
  type SourceFile,
  specifiersOf,
} from "./layers.ts";

const root = new URL("../", import.meta.url);

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) {
      if (entry.name !== "assembly") yield* sources(`${path}/`);
    } else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

Deno.test("layerViolations finds none in this project", async () => {
  const files: SourceFile[] = [];
  const violations = [];
  for (const folder of ["coordinator/", "worker/", "web/"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(new URL(path, root));
      files.push({ path, specifiers: specifiersOf(text) });
      violations.push(...impureCalls(path, text));
    }
  }
  violations.push(...layerViolations(files));
  assert.ok(files.length > 20, `only ${files.length} files were read`);
  assert.deepEqual(violations, []);
});

Deno.test("layerViolations names each kind of forbidden import", () => {
  const rules = (path: string, specifier: string) =>
    layerViolations([{ path, specifiers: [specifier] }]).map((v) => v.rule);
  const pairs: [string, string][] = [
    ["coordinator/protocol/ids.ts", "../swarm/transition.ts"],
    ["worker/client.ts", "../coordinator/app.ts"],
    ["web/page.tsx", "../worker/session.ts"],
    ["worker/session.ts", "./client.ts"],
    ["coordinator/app.ts", "./main.ts"],
    ["coordinator/swarm/coordinator.ts", "hono"],
    ["coordinator/swarm/coordinator.ts", "node:sqlite"],
    ["worker/session.ts", "comlink"],
    ["worker/data/idx.ts", "npm:@tensorflow/tfjs@4.22.0"],
    ["coordinator/analysis/claims.ts", "node:fs"],
  ];
  for (const [path, specifier] of pairs) {
    assert.ok(rules(path, specifier).length > 0, `${path} -> ${specifier}`);
  }
});

Deno.test("layerViolations lets the four exceptions pass", () => {
  assert.deepEqual(
    layerViolations([
      { path: "coordinator/main.ts", specifiers: ["../worker/main_deno.ts"] },
      {
        path: "web/join/page.tsx",
        specifiers: ["../../worker/main_browser.ts"],
      },
      {
        path: "coordinator/verification/replay.ts",
        specifiers: ["../../worker/training/train.ts"],
      },
      {
        path: "web/lesson/masks.ts",
        specifiers: ["../../worker/random/draws.ts"],
      },
    ]),
    [],
  );
});

Deno.test("specifiersOf reads static, side-effect, dynamic and type imports", () => {
  const text = `import a from "a";
import type { B } from "./b.ts";
import "c";
export * from "./d.ts";
const e = await import("e");
// import no from "comment";
`;
  assert.deepEqual(specifiersOf(text), ["a", "./b.ts", "c", "./d.ts", "e"]);
});

Deno.test("impureCalls names a clock in a pure file", () => {
  assert.equal(
    impureCalls("worker/random/x.ts", "const t = Date.now();")[0]?.imports,
    "Date.now(",
  );
});
