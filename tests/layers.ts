/**
 * Who may import whom: the rules of docs/architecture.md, checked by reading
 * the import statements of every source file.
 */

/** One import that breaks a rule. */
export interface Violation {
  readonly file: string;
  readonly imports: string;
  readonly rule: string;
}

/** A source file and what it imports. */
export interface SourceFile {
  /** Relative to the project's root, with forward slashes. */
  readonly path: string;
  /** Specifiers as written, static, dynamic and type-only. */
  readonly specifiers: readonly string[];
  /** Those of them that only types are imported from. */
  readonly typesOnly?: ReadonlySet<string>;
}

/** Folders without clock, chance or IO: time, ids and chance are arguments. */
const PURE_FOLDERS = [
  "protocol/",
  "coordinator/lease/",
  "coordinator/study/",
  "coordinator/analysis/",
  "worker/session/",
  "worker/random/",
];

/** Where a library may be imported: it has one folder, or a few. */
const LIBRARY_ROOMS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^hono(\/|$)|^@hono\//, [
    "coordinator/http/",
    "protocol/endpoints.ts",
    "protocol/admin_endpoints.ts",
    "worker/client.ts",
    "web/api.ts",
  ]],
  [/^comlink(\/|$)/, ["worker/trainer/", "coordinator/threads/"]],
  [/^@tensorflow\//, ["worker/training/", "worker/backends/"]],
  [/^prom-client$/, ["coordinator/http/"]],
  [/^ipaddr\.js$/, ["coordinator/http/limits/"]],
  [/^(node:sqlite|pg|dataloader)$/, ["coordinator/storage/"]],
];

const PURE_FORBIDS = /^node:(?!assert)|^@tensorflow\/|^comlink|^hono\/client/;
/** Clock, randomness and IO that a pure file must get as arguments. */
const PURE_FORBIDDEN_CALLS =
  /\b(Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|crypto\.(randomUUID|getRandomValues)|setTimeout\(|setInterval\(|fetch\(|Deno\.)/;

/**
 * The runtime stays at the edge: where Deno's and Node's own APIs may appear.
 * Everything else needs no more than fetch, streams, timers and Web Crypto, so
 * that a coordinator can run inside a page.
 */
const RUNTIME_ROOMS = [
  "coordinator/cli/",
  "coordinator/http/server.ts",
  "coordinator/storage/",
  "coordinator/threads/",
  // Connects a coordinator for this runtime; a page would have another.
  "coordinator/open_swarm.ts",
  "worker/cli/",
  "worker/data/",
  // They build and find files that the trainers' host hands to its threads.
  "worker/backends/simd/build.ts",
  "worker/backends/wasm_files.ts",
  "web/build/",
];

const mayUseRuntime = (path: string) =>
  isMain(path) || RUNTIME_ROOMS.some((room) => path.startsWith(room));

const isTest = (path: string) => /_test\.tsx?$/.test(path);
const isMain = (path: string) => /\/main[a-z_]*\.tsx?$/.test(path);
const isPure = (path: string) =>
  PURE_FOLDERS.some((folder) => path.startsWith(folder));
/** Code that users do not run. It may import anything; nothing imports it. */
const SUPPORT = ["testing", "tests", "bench"];
const topLevel = (path: string) => path.split("/")[0] ?? "";

/** Resolves a relative specifier against the file that wrote it. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** The rules about a specifier that leads to a file of ours. */
function ownRule(
  from: string,
  to: string,
  typesOnly: boolean,
): string | undefined {
  const [source, target] = [topLevel(from), topLevel(to)];
  const toProtocol = to.startsWith("protocol/");
  if (from.startsWith("protocol/") && !toProtocol) {
    return "protocol imports nothing of ours";
  }
  if (isMain(from)) return undefined;
  if (isMain(to) && from !== "mod.ts") {
    if (source === "web" && to === "worker/main_browser.ts") return undefined;
    return "nothing imports a main file";
  }
  if (isPure(from) && !isPure(to) && !typesOnly) {
    return "a pure file imports only pure files, and types";
  }
  const rooms = ["coordinator", "worker", "web"];
  if (source === target || toProtocol || !rooms.includes(source)) {
    return undefined;
  }
  if (!rooms.includes(target)) {
    return `${source} does not import ${target}`;
  }
  // It trains and evaluates as a worker does, in a thread of its own.
  if (
    from.startsWith("coordinator/verification/") &&
    /^worker\/((training|backends|data)\/|trainer\/trainer_api\.ts)/.test(to)
  ) return undefined;
  // Pure: the lesson shows the masks that training draws, not a copy of them.
  if (source === "web" && to.startsWith("worker/random/")) return undefined;
  return "coordinator, worker and web import the protocol, not each other";
}

/** Every import of `files` that breaks a rule. Tests may import anything. */
export function layerViolations(files: readonly SourceFile[]): Violation[] {
  const violations: Violation[] = [];
  for (const { path, specifiers, typesOnly } of files) {
    if (isTest(path) || SUPPORT.includes(topLevel(path))) continue;
    for (const specifier of specifiers) {
      const add = (rule: string) =>
        violations.push({ file: path, imports: specifier, rule });
      if (specifier.startsWith(".")) {
        const rule = ownRule(
          path,
          resolve(path, specifier),
          typesOnly?.has(specifier) ?? false,
        );
        if (rule !== undefined) add(rule);
        continue;
      }
      const bare = specifier.replace(/^npm:/, "").replace(/(?<=.)@[\d.]+/, "");
      for (const [library, allowed] of LIBRARY_ROOMS) {
        if (
          library.test(bare) && !allowed.some((room) => path.startsWith(room))
        ) {
          add(`${bare} belongs in ${allowed.join(" or ")}`);
        }
      }
      if (isPure(path) && PURE_FORBIDS.test(bare)) {
        if (!path.startsWith("protocol/")) {
          add("a pure file does no IO and no training");
        }
      }
    }
  }
  return violations;
}

/** The specifiers in a source text, comments left out. */
export function specifiersOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(
    /^\s*\/\/.*$/gm,
    "",
  );
  const pattern =
    /(?:^|[;\n}])\s*(?:import|export)\b[^;"'`]*?from\s*["']([^"']+)["']|(?:^|\n)\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;
  return [...code.matchAll(pattern)].map((m) => m[1] ?? m[2] ?? m[3] ?? "");
}

/** The specifiers in a source text that only types are imported from. */
export function typesOnlyOf(source: string): Set<string> {
  const pattern =
    /(?:^|[;\n}])\s*(?:import|export)\s+(type\s)?[^;"'`]*?from\s*["']([^"']+)["']/g;
  const types = new Set<string>();
  const values = new Set<string>();
  for (const [, type, specifier = ""] of source.matchAll(pattern)) {
    (type === undefined ? values : types).add(specifier);
  }
  return types.difference(values);
}

/** A source text without its comments. */
function codeOf(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
}

/** The runtime's own APIs in a file that has to do without them. */
export function runtimeUses(path: string, source: string): Violation[] {
  if (isTest(path) || mayUseRuntime(path)) return [];
  const use = /\bDeno\.\w+|["']node:\w+/.exec(codeOf(source))?.[0];
  if (use === undefined) return [];
  return [{
    file: path,
    imports: use,
    rule: "Deno's and Node's APIs stay at the edge: inject what is needed",
  }];
}

/** Calls in a pure file's text that it must not make. */
export function impureCalls(path: string, source: string): Violation[] {
  if (!isPure(path) || isTest(path)) return [];
  const call = PURE_FORBIDDEN_CALLS.exec(codeOf(source))?.[1];
  if (call === undefined) return [];
  return [{
    file: path,
    imports: call,
    rule: "time, chance and IO arrive as arguments in a pure file",
  }];
}

/** Ways to write a URL from the root of the host into a page or its script. */
const FROM_ROOT = [
  /\b(?:href|src|action|content)=\{?["'`]\/(?!\/)[^"'`]*/,
  /\b(?:fetch|EventSource|URL|Worker|import|assign)\(\s*["'`]\/(?!\/)[^"'`]*/,
  /\b(?:url|href|src)\s*[:=(]\s*["'`]?\/(?!\/)[^"'`]*/,
  /\blocation\.(?:origin|host)\b/,
];

/**
 * URLs from the root of the host: behind a proxy's path they lead to another
 * program. `linkTo` and `coordinatorUrl` of web/components/links.ts, and `urlAt`
 * of protocol/pages.ts, know the path.
 */
export function urlsFromRoot(path: string, source: string): Violation[] {
  if (isTest(path) || path === "web/components/links.ts") return [];
  const uses = FROM_ROOT.map((use) => use.exec(codeOf(source))?.[0]);
  return uses.filter((use) => use !== undefined).slice(0, 1).map((imports) => ({
    file: path,
    imports,
    rule: "URLs in pages keep the coordinator's path: make them with linkTo",
  }));
}
