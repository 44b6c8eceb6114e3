import { simdConformance } from "../../../testing/kernels/simd_conformance.ts";

simdConformance("plain");
