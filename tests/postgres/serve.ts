import { packagedBinaries, systemBinaries } from "./binaries.ts";
import { startPostgres } from "./server.ts";

/**
 * A throw-away PostgreSQL server that lasts as long as this command:
 * `deno run -A tests/postgres/serve.ts`. `--package` takes the npm package's.
 */
const binaries = Deno.args.includes("--package")
  ? await packagedBinaries()
  : await systemBinaries();
await using server = await startPostgres(binaries === null ? {} : { binaries });
console.log(server.url);
await new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => resolve());
  }
});
