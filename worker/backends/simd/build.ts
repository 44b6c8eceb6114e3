import { kernelFileName, type KernelVariant } from "./loader.ts";

/**
 * Compiles the kernels from their AssemblyScript sources, into a folder named
 * by a hash of the sources and the compiler, so that a build is made only once
 * and is never stale. To build in advance, run `deno run -A
 * worker/backends/simd/build.ts`.
 */

const COMPILER_VERSION = "0.28.20";
const SOURCES = new URL("./assembly/", import.meta.url);
/** Folder of all builds. */
export const kernelCache = new URL("../../../.cache/simd/", import.meta.url);
const VARIANTS = ["relaxed", "plain"] as const;

/**
 * Compiles each of the two builds if it is missing.
 *
 * @param onBuilding called before the compiler is downloaded and run
 * @returns the folder with `kernels.relaxed.wasm` and `kernels.plain.wasm`
 * @throws Error if the sources do not compile, with the compiler's messages
 */
export async function buildKernels(
  onBuilding: () => void = () => {},
): Promise<URL> {
  const sources = await readSources();
  const folder = new URL(`${await digest(sources)}/`, kernelCache);
  const fileOf = (variant: KernelVariant) =>
    new URL(kernelFileName(variant), folder);
  const there = await Promise.all(VARIANTS.map((v) => exists(fileOf(v))));
  const missing = VARIANTS.filter((_, i) => !there[i]);
  if (missing.length > 0) onBuilding();
  for (const variant of missing) {
    const file = fileOf(variant);
    const bytes = await compile(variant, sources);
    await Deno.mkdir(folder, { recursive: true });
    // Written under another name: another process may build too.
    const aside = new URL(`${file.href}.${crypto.randomUUID()}`);
    await Deno.writeFile(aside, bytes);
    await Deno.rename(aside, file);
  }
  return folder;
}

/** The bytes of a build, for Deno; compiles it first if it is missing. */
export async function kernelFile(
  variant: KernelVariant,
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await buildKernels();
  return await Deno.readFile(new URL(kernelFileName(variant), folder));
}

type Sources = ReadonlyMap<string, string>;

async function readSources(): Promise<Sources> {
  const sources = new Map<string, string>();
  for await (const { name } of Deno.readDir(SOURCES)) {
    if (!name.endsWith(".ts")) continue;
    sources.set(name, await Deno.readTextFile(new URL(name, SOURCES)));
  }
  return sources;
}

/** Hexadecimal hash of the sources, the compiler and its options. */
async function digest(sources: Sources): Promise<string> {
  const parts = [...sources].sort(([a], [b]) => a < b ? -1 : 1);
  const options = VARIANTS.map(compilerOptions);
  const text = JSON.stringify([COMPILER_VERSION, options, parts]);
  const hash = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return Array.from(
    new Uint8Array(hash).subarray(0, 8),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

function compilerOptions(variant: KernelVariant): string[] {
  return [
    "index.ts",
    "--outFile",
    "kernels.wasm",
    "--runtime",
    "stub",
    "--importMemory",
    "--optimizeLevel",
    "3",
    "--noAssert",
    "--enable",
    "simd",
    ...(variant === "relaxed" ? ["--enable", "relaxed-simd"] : []),
  ];
}

async function compile(
  variant: KernelVariant,
  sources: Sources,
): Promise<Uint8Array> {
  // Imported dynamically, so that the compiler is downloaded only for a build.
  // deno-lint-ignore no-import-prefix
  const { main } = await import("npm:assemblyscript@0.28.20/asc");
  let output: Uint8Array | undefined;
  const { error, stderr } = await main(compilerOptions(variant), {
    readFile: (name: string) => sources.get(name) ?? null,
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") output = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || output === undefined) {
    throw new Error(`simd kernels: ${variant} does not compile: ${stderr}`);
  }
  return output;
}

async function exists(file: URL): Promise<boolean> {
  try {
    return (await Deno.stat(file)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  // Standard output belongs to the calling command. --quiet, because Deno would
  // print a line for each downloaded package.
  const folder = await buildKernels(() =>
    console.error(
      "first start: fetching packages and building; " +
        "this takes a minute or two",
    )
  );
  console.error(`simd kernels: in ${decodeURIComponent(folder.pathname)}`);
}
