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
}

const PURE = [
  /^coordinator\/swarm\/(attempts|backup|delivery|invariants|lease_terms|pacing|policy|progress|same_value|transition|trial|trial_event|worker_name)\.ts$/,
  /^coordinator\/analysis\//,
  /^coordinator\/study\//,
  /^coordinator\/protocol\//,
  /^worker\/random\//,
  /^worker\/session(_[a-z]+)?\.ts$/,
  /^coordinator\/guard\/(address_leases|limits|token_buckets)\.ts$/,
  // Types alone: what the sides of a trainer's thread say to each other.
  /^worker\/(trainer_api|data\/dataset)\.ts$/,
];

/** Where a library may be imported: it has one room, or a few. */
const LIBRARY_ROOMS: readonly (readonly [RegExp, readonly RegExp[]])[] = [
  [/^hono(\/|$)|^@hono\//, [
    /^coordinator\/app\.ts$/,
    /^coordinator\/(middleware|routes)\//,
    /^coordinator\/protocol\/(admin_)?endpoints\.ts$/,
    /^worker\/client\.ts$/,
    /^web\/api\.ts$/,
  ]],
  [/^comlink(\/|$)/, [
    /^worker\/trainer(_thread)?\.ts$/,
    /^coordinator\/live\/(spawn_analyst|analyst_thread)\.ts$/,
  ]],
  [/^@tensorflow\//, [/^worker\/(training|backends)\//]],
  [/^prom-client$/, [/^coordinator\/metrics\.ts$/]],
  [/^ipaddr\.js$/, [/^coordinator\/guard\/address\.ts$/]],
  [/^(node:sqlite|pg|dataloader)$/, [/^coordinator\/storage\//]],
];

const PURE_FORBIDS = /^node:(?!assert)|^@tensorflow\/|^comlink|^hono\/client/;
/** Clock, chance and IO that a pure file must be handed instead. */
const PURE_FORBIDDEN_CALLS =
  /\b(Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|crypto\.(randomUUID|getRandomValues)|setTimeout\(|setInterval\(|fetch\(|Deno\.)/;

const isTest = (path: string) => /(_test|\/conformance)\.tsx?$/.test(path);
const isMain = (path: string) => /\/main[a-z_]*\.tsx?$/.test(path);
const isPure = (path: string) => PURE.some((room) => room.test(path));
const topLevel = (path: string) => path.split("/")[0] ?? "";

/** Resolves a relative specifier against the file that wrote it. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** The rules about a specifier that leads to a file of ours. */
function ownRule(from: string, to: string): string | undefined {
  const [source, target] = [topLevel(from), topLevel(to)];
  const toProtocol = to.startsWith("coordinator/protocol/");
  if (from.startsWith("coordinator/protocol/") && !toProtocol) {
    return "coordinator/protocol imports nothing of ours";
  }
  if (isMain(from)) return undefined;
  if (isMain(to) && from !== "mod.ts") {
    if (source === "web" && to === "worker/main_browser.ts") return undefined;
    return "nothing imports a main file";
  }
  if (isPure(from) && !isPure(to)) {
    return "a pure file imports only pure files";
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
    /^worker\/((training|backends|data)\/|trainer_api\.ts)/.test(to)
  ) return undefined;
  // Pure: the lesson shows the masks that training draws, not a copy of them.
  if (source === "web" && to.startsWith("worker/random/")) return undefined;
  return "coordinator, worker and web import the protocol, not each other";
}

/** Every import of `files` that breaks a rule. Tests may import anything. */
export function layerViolations(files: readonly SourceFile[]): Violation[] {
  const violations: Violation[] = [];
  for (const { path, specifiers } of files) {
    if (isTest(path) || ["tests", "bench"].includes(topLevel(path))) continue;
    for (const specifier of specifiers) {
      const add = (rule: string) =>
        violations.push({ file: path, imports: specifier, rule });
      if (specifier.startsWith(".")) {
        const rule = ownRule(path, resolve(path, specifier));
        if (rule !== undefined) add(rule);
        continue;
      }
      const bare = specifier.replace(/^npm:/, "").replace(/(?<=.)@[\d.]+/, "");
      for (const [library, allowed] of LIBRARY_ROOMS) {
        if (library.test(bare) && !allowed.some((room) => room.test(path))) {
          add(`${bare} belongs in ${allowed.map(String).join(" or ")}`);
        }
      }
      if (isPure(path) && PURE_FORBIDS.test(bare)) {
        if (!path.startsWith("coordinator/protocol/")) {
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

/** Calls in a pure file's text that it must not make. */
export function impureCalls(path: string, source: string): Violation[] {
  if (!isPure(path) || isTest(path)) return [];
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
  const call = PURE_FORBIDDEN_CALLS.exec(code)?.[1];
  if (call === undefined) return [];
  return [{
    file: path,
    imports: call,
    rule: "time, chance and IO arrive as arguments in a pure file",
  }];
}
