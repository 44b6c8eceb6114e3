import { newWorker } from "../lease/fixtures.ts";
import { openSqlite } from "../../coordinator/storage/sqlite/sqlite.ts";

/** Writes without end and prints each answered write. */
const [path = ""] = Deno.args;
const storage = openSqlite(path, () => 1);
for (let n = 1;; n++) {
  await storage.registerWorker(newWorker(n));
  console.log(n);
}
