import { simdConformance } from "../../../testing/kernels/simd_conformance.ts";
import { detectSimd } from "./loader.ts";

if (detectSimd() === "relaxed") simdConformance("relaxed");
else Deno.test.ignore("simd relaxed: the engine has no relaxed SIMD", () => {});
