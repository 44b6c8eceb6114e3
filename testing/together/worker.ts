import { importTests } from "./import_tests.ts";

// Those that choose tfjs's backend or register kernels do so for their process:
// deno.json names them one by one.
await importTests(["worker"], [
  "/worker/backends/",
  "/worker/trainer/",
  "/worker/training/",
  "/worker/main_deno_test.ts",
]);
