import { kernelConformance } from "../../testing/kernels/conformance.ts";
import { testedBackends } from "../../testing/kernels/backends.ts";

for (const { backend, start, skip } of await testedBackends()) {
  // `simd` has its own, larger tests in `simd/`.
  if (backend !== "simd") kernelConformance(backend, start, skip);
}
