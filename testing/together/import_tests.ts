/**
 * Imports the tests of folders, so that they run in one file's place: `deno
 * test` takes 0.3 CPU seconds to begin each file, and loads the modules that it
 * imports anew, which for most of our files is far more than their tests take.
 * For tests that leave nothing behind in their modules; `deno task test` runs
 * each file by itself.
 *
 * @param except Parts of the paths that are left out
 */
export async function importTests(
  folders: readonly string[],
  except: readonly string[] = [],
): Promise<void> {
  for (const name of folders) {
    const folder = new URL(`../../${name}/`, import.meta.url);
    for (const { href } of await Array.fromAsync(testsIn(folder))) {
      if (!except.some((part) => href.includes(part))) await import(href);
    }
  }
}

async function* testsIn(folder: URL): AsyncGenerator<URL> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    if (isDirectory) yield* testsIn(new URL(`${name}/`, folder));
    else if (/_test\.tsx?$/.test(name)) yield new URL(name, folder);
  }
}
