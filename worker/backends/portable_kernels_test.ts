import { kernelConformance } from "../../testing/kernels/conformance.ts";
import { testedBackends } from "../../testing/kernels/backends.ts";

for (const { backend, start, skip } of await testedBackends()) {
  // The tests of `simd` have more to them, and stand beside it.
  if (backend !== "simd") kernelConformance(backend, start, skip);
}
