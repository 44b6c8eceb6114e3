import { importTests } from "./import_tests.ts";

await importTests(["coordinator"], [
  // They need a database server.
  "/storage/postgres/",
  "/analysis/calibration_test.ts",
]);
