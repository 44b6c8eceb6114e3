/**
 * Options of a test that starts processes, browsers or a database server.
 * `deno task test:fast` has no permission to do so and leaves these tests out;
 * a test that starts some without saying so fails there. It also leaves out a
 * program that stands in for a GPU (`testing/kernels/backends.ts`).
 */
export const needsProcesses = {
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted",
} as const satisfies Pick<Deno.TestDefinition, "ignore">;
