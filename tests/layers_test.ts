import assert from "node:assert/strict";
import {
  impureCalls,
  layerViolations,
  runtimeUses,
  type SourceFile,
  specifiersOf,
  typesOnlyOf,
  urlsFromRoot,
} from "./layers.ts";

const root = new URL("../", import.meta.url);

async function* sources(
  folder: string,
  names = /\.tsx?$/,
): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) {
      if (entry.name !== "assembly") yield* sources(`${path}/`, names);
    } else if (names.test(entry.name)) yield path;
  }
}

Deno.test("layerViolations finds none in this project", async () => {
  const files: SourceFile[] = [];
  const violations = [];
  for (const folder of ["protocol/", "coordinator/", "worker/", "web/"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(new URL(path, root));
      files.push({
        path,
        specifiers: specifiersOf(text),
        typesOnly: typesOnlyOf(text),
      });
      violations.push(...impureCalls(path, text), ...runtimeUses(path, text));
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
    ["protocol/ids.ts", "../coordinator/lease/transition.ts"],
    ["worker/client.ts", "../coordinator/http/app.ts"],
    ["web/page.tsx", "../worker/session/session.ts"],
    ["worker/session/session.ts", "../client.ts"],
    ["coordinator/open_swarm.ts", "./main.ts"],
    ["coordinator/service/coordinator.ts", "../../testing/app_fixture.ts"],
    ["coordinator/service/coordinator.ts", "hono"],
    ["coordinator/service/coordinator.ts", "node:sqlite"],
    ["worker/session/session.ts", "comlink"],
    ["worker/data/idx.ts", "npm:@tensorflow/tfjs@4.22.0"],
    ["coordinator/analysis/claims/claims.ts", "node:fs"],
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
        path: "web/pages/join/page.tsx",
        specifiers: ["../../../worker/main_browser.ts"],
      },
      {
        path: "coordinator/verification/replay.ts",
        specifiers: ["../../worker/training/train.ts"],
      },
      {
        path: "web/pages/lesson/masks.ts",
        specifiers: ["../../../worker/random/draws.ts"],
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

Deno.test("typesOnlyOf leaves out what values come from as well", () => {
  const text = `import type { A } from "./a.ts";
import { b, type B } from "./b.ts";
import type { C } from "./c.ts";
export { c } from "./c.ts";
`;
  assert.deepEqual([...typesOnlyOf(text)], ["./a.ts"]);
});

Deno.test("layerViolations lets a pure file take types from where it likes", () => {
  const [path, specifier] = ["worker/session/session.ts", "../data/dataset.ts"];
  const specifiers = [specifier];
  assert.equal(layerViolations([{ path, specifiers }]).length, 1);
  const typesOnly = new Set(specifiers);
  assert.deepEqual(layerViolations([{ path, specifiers, typesOnly }]), []);
});

Deno.test("impureCalls names a clock in a pure file", () => {
  assert.equal(
    impureCalls("worker/random/x.ts", "const t = Date.now();")[0]?.imports,
    "Date.now(",
  );
});

Deno.test("runtimeUses names Deno's and Node's APIs away from the edge", () => {
  const uses = (path: string, text: string) =>
    runtimeUses(path, text).map(({ imports }) => imports);
  const hash = 'import { createHash } from "node:crypto";';
  assert.deepEqual(uses("coordinator/service/token.ts", hash), [
    '"node:crypto',
  ]);
  assert.deepEqual(uses("coordinator/http/app.ts", "await Deno.stat(path);"), [
    "Deno.stat",
  ]);
  assert.deepEqual(uses("coordinator/storage/storage.ts", hash), []);
  assert.deepEqual(uses("coordinator/cli/main_report.ts", hash), []);
  assert.deepEqual(uses("coordinator/http/app.ts", "// as Deno.serve"), []);
});

Deno.test("urlsFromRoot finds none in what browsers load, nor in a worker", async () => {
  const violations = [];
  let read = 0;
  for (const folder of ["web/", "worker/", "coordinator/http/middleware/"]) {
    for await (const path of sources(folder, /\.(tsx?|js|css|svg)$/)) {
      const text = await Deno.readTextFile(new URL(path, root));
      violations.push(...urlsFromRoot(path, text));
      read++;
    }
  }
  assert.ok(read > 100, `only ${read} files were read`);
  assert.deepEqual(violations, []);
});

Deno.test("urlsFromRoot names each way to write one", () => {
  for (
    const text of [
      '<a href="/api">',
      "<a href={`/api/trials/${id}`}>",
      "createApi(location.origin)",
      'new URL("/join", url)',
      'await fetch("/api/studies")',
      'new EventSource("/api/events")',
      'SwaggerUIBundle({ url: "/openapi.json" })',
      "background: url(/assets/dots.svg);",
      'location.href = "/join";',
    ]
  ) {
    assert.equal(urlsFromRoot("web/x.tsx", text).length, 1, text);
  }
  for (
    const text of [
      '<a href={pageLink("join")}>',
      'readAddress("/trials/:trialId", path)',
      '<link rel="icon" href="data:,">',
      "location.hostname",
      '// as in href="/api"',
    ]
  ) {
    assert.deepEqual(urlsFromRoot("web/x.tsx", text), [], text);
  }
});
