import assert from "node:assert/strict";
import { parseStudy } from "../coordinator/study/parse.ts";
import { planStudy } from "../coordinator/study/plan.ts";
import { metricNames } from "../protocol/metrics.ts";
import { recipeFields } from "../protocol/recipe.ts";
import { type Flag, flagsOf } from "./command_flags.ts";

/** Compares the documents with the code. */

const root = new URL("../", import.meta.url);

const read = (path: string) => Deno.readTextFile(new URL(path, root));

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isFile } of Deno.readDir(new URL(folder, root))) {
    if (isFile && name.endsWith(ending)) found.push(`${folder}${name}`);
  }
  return found.sort();
}

const documents = async () => [
  ...await filesIn("./", ".md"),
  ...await filesIn("docs/", ".md"),
  ...await filesIn("docs/decisions/", ".md"),
];

/** The anchor that code forges give a heading. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim()
    .replaceAll(/\s/g, "-");
}

/** A document without its code fences, where nothing is a link. */
function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, "");
}

/** The broken links of a document. */
async function brokenLinks(path: string): Promise<string[]> {
  const broken: string[] = [];
  const text = prose(await read(path));
  for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const url = new URL(target, new URL(path, root));
    const file = new URL(url.pathname, url);
    const info = await Deno.stat(file).catch(() => null);
    if (info === null) broken.push(`${path}: ${target}`);
    if (url.hash === "" || info?.isFile !== true) continue;
    const headings = prose(await Deno.readTextFile(file))
      .matchAll(/^#+ (.+)$/gm);
    const known = [...headings].map(([, heading = ""]) => anchor(heading));
    if (!known.includes(decodeURIComponent(url.hash.slice(1)))) {
      broken.push(`${path}: ${target}: no such heading`);
    }
  }
  return broken;
}

Deno.test("every link in the documents leads to a file and a heading", async () => {
  const paths = await documents();
  assert.ok(paths.length >= 20, `only ${paths.length} documents were read`);
  assert.deepEqual((await Promise.all(paths.map(brokenLinks))).flat(), []);
});

Deno.test("docs/decisions/README.md lists every decision", async () => {
  const pages = await filesIn("docs/decisions/", ".md");
  const listed = (await read("docs/decisions/README.md"))
    .matchAll(/^- \[([^\]]+)\]\(\1\): /gm);
  assert.deepEqual(
    [...listed].map(([, name]) => `docs/decisions/${name}`).sort(),
    pages.filter((path) => !path.endsWith("/README.md")),
  );
});

Deno.test("every study in docs/examples is parsed and planned", async () => {
  const paths = await filesIn("docs/examples/", ".json");
  const sizes = await Promise.all(paths.map(async (path) => {
    const { trials } = planStudy(parseStudy(await read(path), path));
    return [path.slice("docs/examples/".length), trials.length];
  }));
  assert.deepEqual(sizes, [
    ["every_field.json", 15],
    ["hidden_sizes.json", 20],
    ["learning_rate.json", 25],
    ["order.json", 60],
    ["small_steps.json", 45],
    ["weight_decay.json", 60],
  ]);
});

Deno.test("docs/studies.md shows order.json as it is, and names each field", async () => {
  const text = await read("docs/studies.md");
  const [, shown = ""] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  assert.deepEqual(
    JSON.parse(shown),
    JSON.parse(await read("docs/examples/order.json")),
  );
  // The parsed form has the defaults of fields that the example leaves out.
  const { dataset, ...study } = parseStudy(
    await read("docs/examples/every_field.json"),
  );
  assert.ok(typeof dataset === "object");
  const fields = [
    ...Object.keys({ dataset, ...study }),
    ...Object.keys(study.recipe),
    ...["name", "classes"],
    ...Object.keys(dataset.files.trainImages).map((key) => `files.*.${key}`),
  ];
  const documented = text.matchAll(/^\| `([^`]+)` +\|/gm);
  assert.deepEqual(
    [...documented].map(([, field]) => field).sort(),
    fields.sort(),
  );
});

Deno.test("docs/studies.md has the table of recipe fields", async () => {
  const [, section = ""] = (await read("docs/studies.md")).split(
    "### The recipe\n",
  );
  const [table = ""] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const rows = table.trim().split("\n").slice(2).map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  assert.deepEqual(
    rows.map(([name, neutral = "", axis, meaning]) => [
      name,
      JSON.parse(neutral.replaceAll("`", "")),
      axis,
      meaning,
    ]),
    Object.entries(recipeFields).map(([name, field]) => [
      `\`${name}\``,
      field.neutral,
      field.axis ? "yes" : "no",
      field.meaning.en,
    ]),
  );
});

Deno.test("docs/statistics.md explains every metric", async () => {
  const [, section = ""] = (await read("docs/statistics.md")).split(
    "## What a figure is\n",
  );
  const [table = ""] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  assert.deepEqual(
    [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name).sort(),
    [...metricNames].sort(),
  );
});

/** The flags in the table after this line of a document. */
function tableBelow(text: string, line: string): Flag[] {
  const at = text.indexOf(line);
  assert.ok(at >= 0, `there is no line ${line}`);
  const [table = ""] = /(?:^\|.*\n)+/m.exec(text.slice(at)) ?? [];
  return [...table.matchAll(/^\| `(.+?)` +\| `(.+?)` +\| (.*?) +\|/gm)]
    .map(([, flag = "", variable = "", byDefault = ""]) => ({
      flag: flag === "URL" ? "url" : flag,
      variable,
      byDefault: /^`(.*)`$/.exec(byDefault)?.[1] ?? null,
    }));
}

for (
  const [script, line] of [
    ["coordinator/main.ts", "\n`deno task start`"],
    ["worker/main_deno.ts", "\n`deno task join URL`"],
  ] as const
) {
  for (const document of ["README.md", "README.zh-CN.md"]) {
    Deno.test(`${document} lists the flags of ${script}`, async () => {
      const flags = await flagsOf(script);
      assert.ok(flags.length >= 5, `only ${flags.length} flags were read`);
      assert.deepEqual(tableBelow(await read(document), line), flags);
    });
  }
}

Deno.test("README.zh-CN.md runs the commands and links the pages of README.md", async () => {
  const [english, chinese] = [
    await read("README.md"),
    await read("README.zh-CN.md"),
  ];
  const fences = (text: string) => text.match(/^```[\s\S]*?^```/gm) ?? [];
  assert.ok(fences(english).length > 0);
  assert.deepEqual(fences(chinese), fences(english));
  const links = (text: string) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)
      .filter((target) => !target.startsWith("README"));
  assert.deepEqual(links(chinese), links(english));
});
