/** Tests that run in one file's place. */
interface Group {
  readonly folders: readonly string[];
  /** Files and folders that deno.json's tasks name themselves. */
  readonly except: readonly string[];
}

const groups = {
  coordinator: {
    folders: ["coordinator"],
    except: [
      // They need a database server.
      "coordinator/storage/postgres",
      "coordinator/analysis/calibration_test.ts",
    ],
  },
  pages: { folders: ["web", "protocol", "bench"], except: [] },
  worker: {
    folders: ["worker"],
    // They choose tfjs's backend or register kernels for the whole process.
    except: [
      "worker/backends",
      "worker/trainer",
      "worker/training",
      "worker/main_deno_test.ts",
    ],
  },
} satisfies Record<string, Group>;

/**
 * Imports a group's tests. `deno test` takes 0.3 CPU seconds to start each
 * file, and loads the modules that the file imports again, which for most of
 * our files is far more than their tests take. Such tests must leave nothing
 * behind in their modules.
 */
export async function importTests(name: keyof typeof groups): Promise<void> {
  for (const path of await testsOf(name)) {
    await import(new URL(path, root).href);
  }
}

/** The paths of all groups' tests, from the repository's root. */
export async function testsOfGroups(): Promise<string[]> {
  const names = Object.keys(groups) as (keyof typeof groups)[];
  return (await Promise.all(names.map(testsOf))).flat();
}

const root = new URL("../../", import.meta.url);

async function testsOf(name: keyof typeof groups): Promise<string[]> {
  const { folders, except }: Group = groups[name];
  const paths: string[] = [];
  for (const folder of folders) {
    for await (const path of testsIn(folder)) {
      if (!except.some((part) => `${path}/`.startsWith(`${part}/`))) {
        paths.push(path);
      }
    }
  }
  return paths.sort();
}

/** The test files under a folder, as paths from the repository's root. */
export async function* testsIn(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* testsIn(path);
    else if (/_test\.tsx?$/.test(entry.name)) yield path;
  }
}
